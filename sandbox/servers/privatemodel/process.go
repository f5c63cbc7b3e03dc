package privatemodel

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
)

// Command is the sandbox's subcommand that serves, and the name of the server's log
// and record.
const Command = "private-model"

// Ensure starts the server on a loopback port unless it runs there from the present
// sources. It is the driver that
// make builds, also where a test starts it.
func Ensure(ctx context.Context, l checkout.Layout, port int) error {
	address := fmt.Sprintf("127.0.0.1:%d", port)
	source, err := sources(l)
	if err != nil {
		return err
	}
	_, _, err = daemon.Ensure(ctx, l, daemon.Daemon{
		Name: Command, Source: source, Args: []string{l.Bin("gatehouse-local"), Command, address}, Ports: []int{port},
		Ready: func(ctx context.Context) error { return healthy(ctx, "http://"+address+HealthPath) },
	})
	return err
}

// sources identifies what the server is built from.
func sources(l checkout.Layout) (string, error) {
	var hashes []string
	for _, folder := range []string{"privatemodel", "scriptedmodel"} {
		hash, err := build.Hash(filepath.Join(l.Root, "sandbox", "servers", folder))
		if err != nil {
			return "", err
		}
		hashes = append(hashes, hash)
	}
	return strings.Join(hashes, " "), nil
}

// Stop stops the server if it runs.
func Stop(ctx context.Context, l checkout.Layout) error { return daemon.Stop(ctx, l, Command) }

func healthy(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
