package privatemodel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/gatehouse-iac/gatehouse/local/internal/layout"
	"github.com/gatehouse-iac/gatehouse/local/internal/process"
)

const (
	// Command is the driver's subcommand that serves.
	Command = "private-model"

	startTime = 10 * time.Second
	stopTime  = 5 * time.Second
)

// Server is a running server.
type Server struct {
	Process process.ID `json:"process"`
	Port    int        `json:"port"`
}

func record(l layout.Layout) string { return l.Run("private-model.json") }

// Find returns the server that runs for this checkout.
func Find(l layout.Layout) (Server, bool) {
	var s Server
	found := process.ReadRecord(record(l), &s) && s.Process.Running()
	return s, found
}

// Ensure starts the server on a loopback port unless it runs there.
func Ensure(ctx context.Context, l layout.Layout, port int) error {
	if running, found := Find(l); found && running.Port == port {
		return nil
	}
	if err := Stop(ctx, l); err != nil {
		return err
	}
	driver, err := os.Executable()
	if err != nil {
		return err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	started, err := process.StartDetached(l.Root, os.Environ(), l.Log(Command), driver, Command, address)
	if err != nil {
		return fmt.Errorf("start the private model: %w", err)
	}
	if err := process.WriteRecord(record(l), Server{started, port}); err != nil {
		return errors.Join(err, started.Stop(ctx, stopTime))
	}
	return await(ctx, l, started, "http://"+address+HealthPath)
}

func await(ctx context.Context, l layout.Layout, server process.ID, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			return response.Body.Close()
		}
		if !server.Running() || ctx.Err() != nil {
			return fmt.Errorf("the private model does not serve; %s ends with\n%s", l.Log(Command), process.Tail(l.Log(Command), 5))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Stop ends the server if it runs.
func Stop(ctx context.Context, l layout.Layout) error {
	if running, found := Find(l); found {
		if err := running.Process.Stop(ctx, stopTime); err != nil {
			return fmt.Errorf("stop the private model: %w", err)
		}
	}
	if err := os.Remove(record(l)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
