// Command vault runs a Vault server for the sandbox: Vault's own core with the
// PKI secrets engine and the Kubernetes auth method, on plain HTTP and one
// port. It is started as Vault's own program is, "vault server -config=FILE", keeps
// everything in memory and loses it when it ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/vault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and does not seal the core then: its storage ends
// with it anyway.
func run(ctx context.Context, args []string) error {
	const flag = "-config="
	if len(args) != 2 || args[0] != "server" || !strings.HasPrefix(args[1], flag) {
		return errors.New("usage: vault server -config=FILE")
	}
	config, err := readConfig(strings.TrimPrefix(args[1], flag))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", config.Listeners[0].Address)
	if err != nil {
		return err
	}
	defer listener.Close()
	core, err := newCore(config, hclog.New(&hclog.LoggerOptions{Name: "vault", Level: hclog.Info}))
	if err != nil {
		return err
	}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler:           vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: config.Listeners[0]}),
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
