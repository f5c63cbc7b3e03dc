// Package awsserver starts and finds the sandbox's emulated AWS.
package awsserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
)

// Name is the name of the server's log and record.
const Name = "aws"

// ollamaVariable names the environment variable with the address of a server whose
// models complete Bedrock's conversations, in place of the scripted model.
const ollamaVariable = "GATEHOUSE_OLLAMA_URL"

// Cloud is the running server.
type Cloud struct{ Ports Ports }

// Endpoint returns the address of its AWS API.
func (c Cloud) Endpoint() string { return URL(c.Ports.AWS) }

// Find returns the server that runs for this checkout.
func Find(l checkout.Layout) (Cloud, bool) {
	running, found := daemon.Find(l, Name)
	if !found || len(running.Ports) == 0 {
		return Cloud{}, false
	}
	return Cloud{portsFrom(running.Ports[0])}, true
}

// Ensure returns the running server, or starts one if none runs or it runs from
// older sources or on other ports.
func Ensure(ctx context.Context, l checkout.Layout, ports Ports) (c Cloud, started bool, err error) {
	// With another model it is another server.
	source, err := build.Hash(filepath.Join(l.Root, "sandbox", "servers", "aws"), modelURL(ports))
	if err != nil {
		return Cloud{}, false, err
	}
	c = Cloud{ports}
	_, started, err = daemon.Ensure(ctx, l, daemon.Daemon{
		Name: Name, Source: source, Ports: ports.Cloud(),
		Args: []string{
			l.Python(checkout.CloudVenv), filepath.Join(l.Root, "sandbox", "servers", "aws", "launcher.py"),
			"--port", strconv.Itoa(ports.AWS), "--distribution-port", strconv.Itoa(ports.Distribution), "--api-port", strconv.Itoa(ports.API),
			"--model-url", modelURL(ports),
		},
		Ready: func(ctx context.Context) error { return c.get(ctx, "/_ministack/health", nil) },
	})
	return c, started, err
}

// modelURL returns the address, without /v1, of the server whose models complete Bedrock's
// conversations: that of the environment variable, or else the sandbox's scripted model.
func modelURL(ports Ports) string {
	if set := os.Getenv(ollamaVariable); set != "" {
		return set
	}
	return URL(ports.PrivateModel)
}

// Instance identifies a run of the server. All its state is in memory, so with another
// instance everything that was deployed before is gone.
type Instance struct {
	ID string

	// Environment has the environment variables with which a program reaches the API and
	// the distribution by the names that they have on AWS.
	Environment map[string]string
}

// Instance returns the run of the server.
func (c Cloud) Instance(ctx context.Context) (Instance, error) {
	var instance Instance
	if err := c.get(ctx, "/_gatehouse/instance", &instance); err != nil {
		return Instance{}, fmt.Errorf("get the instance of the AWS server: %w", err)
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
		return fmt.Errorf("%s returned %s", path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
