// Package cloud starts, finds and stops the local cloud. It runs detached from
// the driver, which ends while the cloud goes on, so a record on disk tells
// the next driver which process it is.
package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gatehouse-iac/gatehouse/local/internal/build"
	"github.com/gatehouse-iac/gatehouse/local/internal/layout"
	"github.com/gatehouse-iac/gatehouse/local/internal/process"
)

// ollamaVariable names the environment variable with the address of a server whose
// model answers for Bedrock's.
const ollamaVariable = "GATEHOUSE_OLLAMA_URL"

const (
	startTime = 60 * time.Second
	stopTime  = 15 * time.Second
)

// Cloud is a running local cloud.
type Cloud struct {
	Process process.ID `json:"process"`
	Ports   Ports      `json:"ports"`
	// Source is the hash of what it was started from.
	Source string `json:"source"`
}

// Endpoint is where its AWS API answers.
func (c Cloud) Endpoint() string { return URL(c.Ports.AWS) }

func record(l layout.Layout) string { return l.Run("cloud.json") }

// Find returns the cloud that runs for this checkout.
func Find(l layout.Layout) (Cloud, bool) {
	var c Cloud
	found := process.ReadRecord(record(l), &c) && c.Process.Running()
	return c, found
}

// CheckPorts makes sure that the cloud can listen. Ports that this checkout's
// own cloud holds are free to it.
func CheckPorts(l layout.Layout, ports Ports) error {
	if running, found := Find(l); found && running.Ports == ports {
		return nil
	}
	return ports.Check()
}

// Ensure returns the running cloud, or starts one if none runs or it runs from
// older sources or on other ports.
func Ensure(ctx context.Context, l layout.Layout, ports Ports) (c Cloud, started bool, err error) {
	// The launcher reads that variable itself; with another value it is another cloud.
	source, err := build.Hash(filepath.Join(l.Root, "local", "cloud"), os.Getenv(ollamaVariable))
	if err != nil {
		return Cloud{}, false, err
	}
	wanted := Cloud{Ports: ports, Source: source}
	if running, found := Find(l); found {
		wanted.Process = running.Process
		if running == wanted {
			return running, false, running.await(ctx, l)
		}
		if err := Stop(ctx, l); err != nil {
			return Cloud{}, false, err
		}
	}
	if err := ports.Check(); err != nil {
		return Cloud{}, false, err
	}
	wanted.Process, err = process.StartDetached(l.Root, os.Environ(), l.Log("cloud"),
		l.Python(layout.CloudVenv), filepath.Join(l.Root, "local", "cloud", "launcher.py"),
		"--port", strconv.Itoa(ports.AWS), "--distribution-port", strconv.Itoa(ports.Distribution), "--api-port", strconv.Itoa(ports.API))
	if err != nil {
		return Cloud{}, false, fmt.Errorf("start the local cloud: %w", err)
	}
	if err := process.WriteRecord(record(l), wanted); err != nil {
		return Cloud{}, false, errors.Join(err, wanted.Process.Stop(ctx, stopTime))
	}
	return wanted, true, wanted.await(ctx, l)
}

// await waits until the cloud answers.
func (c Cloud) await(ctx context.Context, l layout.Layout) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("it does not answer"))
	defer cancel()
	for {
		if c.get(ctx, "/_ministack/health", nil) == nil {
			return nil
		}
		if !c.Process.Running() {
			return fmt.Errorf("the local cloud ended; %s ends with\n%s", l.Log("cloud"), process.Tail(l.Log("cloud"), 25))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the local cloud: %w; %s ends with\n%s", context.Cause(ctx), l.Log("cloud"), process.Tail(l.Log("cloud"), 25))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Instance is a run of the cloud. All it knows is in memory, so with another
// instance everything that was deployed before is gone.
type Instance struct {
	ID string

	// Environment is that in which a program reaches the API and the distribution by
	// the names that they have on AWS.
	Environment map[string]string
}

// Instance asks the cloud which run it is.
func (c Cloud) Instance(ctx context.Context) (Instance, error) {
	var instance Instance
	if err := c.get(ctx, "/_gatehouse/instance", &instance); err != nil {
		return Instance{}, fmt.Errorf("ask the local cloud who it is: %w", err)
	}
	return instance, nil
}

func (c Cloud) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Endpoint()+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// Stop ends the cloud if it runs, and makes sure that its ports are free again.
func Stop(ctx context.Context, l layout.Layout) error {
	c, found := Find(l)
	if found {
		if err := c.Process.Stop(ctx, stopTime); err != nil {
			return fmt.Errorf("stop the local cloud: %w", err)
		}
		if err := c.awaitFreePorts(ctx); err != nil {
			return fmt.Errorf("the local cloud has ended, but left something behind: %w", err)
		}
	}
	if err := os.Remove(record(l)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// awaitFreePorts gives the cloud's own children the moment they need to follow it.
func (c Cloud) awaitFreePorts(ctx context.Context) error {
	for deadline := time.Now().Add(5 * time.Second); ; {
		err := c.Ports.Check()
		if err == nil || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}
