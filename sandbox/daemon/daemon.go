// Package daemon starts, finds and stops the servers of the sandbox. They run detached
// from the driver, which ends while they go on, so a record on disk tells the next driver
// which process each of them is.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

const (
	startTime = 60 * time.Second
	stopTime  = 15 * time.Second

	logLines = 25 // of a log in an error
)

// Daemon is a server that can be started.
type Daemon struct {
	Name string // of its record and its log, and in messages
	Args []string
	// Source identifies what it is built from: with another it is started again.
	Source string
	// Ports has all ports that it listens on, on the loopback interface.
	Ports []int
	// Files has the files and folders that it creates. They are removed before it starts and when it was
	// stopped, for a killed server leaves them behind.
	Files []string
	// Ready returns nil as soon as the server serves requests.
	Ready func(context.Context) error
}

// Running is the record of a server that was started.
type Running struct {
	Process process.ID `json:"process"`
	Source  string     `json:"source"`
	Ports   []int      `json:"ports"`
	Files   []string   `json:"files,omitempty"`
}

// Instance identifies this run of the server. The state of the servers is in memory or in
// temporary files, so with another run all of it is gone.
func (r Running) Instance() string { return fmt.Sprintf("%d %s", r.Process.PID, r.Process.Started) }

func record(l checkout.Layout, name string) string { return l.Run(name + ".json") }

// Find returns the server of this name that runs for this checkout.
func Find(l checkout.Layout, name string) (Running, bool) {
	var r Running
	found := process.ReadRecord(record(l, name), &r) && r.Process.Running()
	return r, found
}

// Ensure returns the running server, or starts one if none runs or it runs from
// another source or on other ports.
func Ensure(ctx context.Context, l checkout.Layout, d Daemon) (r Running, started bool, err error) {
	if running, found := Find(l, d.Name); found && running.Source == d.Source && slices.Equal(running.Ports, d.Ports) {
		return running, false, d.await(ctx, l, running)
	}
	if err := Stop(ctx, l, d.Name); err != nil {
		return Running{}, false, err
	}
	if err := Free(d.Ports...); err != nil {
		return Running{}, false, err
	}
	r = Running{Source: d.Source, Ports: d.Ports, Files: d.Files}
	if err := r.removeFiles(); err != nil {
		return Running{}, false, err
	}
	r.Process, err = process.StartDetached(l.Root, os.Environ(), l.Log(d.Name), d.Args...)
	if err != nil {
		return Running{}, false, fmt.Errorf("start %s: %w", d.Name, err)
	}
	if err := process.WriteRecord(record(l, d.Name), r); err != nil {
		return Running{}, false, errors.Join(err, r.Process.Stop(ctx, stopTime))
	}
	return r, true, d.await(ctx, l, r)
}

// await waits until the server is ready.
func (d Daemon) await(ctx context.Context, l checkout.Layout, r Running) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("it does not respond"))
	defer cancel()
	for {
		err := d.Ready(ctx)
		if err == nil {
			return nil
		}
		if !r.Process.Running() {
			return fmt.Errorf("%s has ended; %s ends with\n%s", d.Name, l.Log(d.Name), process.Tail(l.Log(d.Name), logLines))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w: %w; %s ends with\n%s", d.Name, context.Cause(ctx), err, l.Log(d.Name), process.Tail(l.Log(d.Name), logLines))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends the server if it runs, and makes sure that nothing of it is left.
func Stop(ctx context.Context, l checkout.Layout, name string) error {
	var r Running
	known := process.ReadRecord(record(l, name), &r)
	if known && r.Process.Running() {
		if err := r.Process.Stop(ctx, stopTime); err != nil {
			return fmt.Errorf("stop %s: %w", name, err)
		}
		if err := awaitFree(ctx, r.Ports); err != nil {
			return fmt.Errorf("%s has ended, but left something behind: %w", name, err)
		}
	}
	if err := r.removeFiles(); err != nil {
		return err
	}
	if err := os.Remove(record(l, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (r Running) removeFiles() error {
	var problems []error
	for _, path := range r.Files {
		problems = append(problems, os.RemoveAll(path))
	}
	return errors.Join(problems...)
}
