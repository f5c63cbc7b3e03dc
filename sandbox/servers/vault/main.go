// Command vault runs a Vault server for the sandbox: Vault's own core with the
// PKI secrets engine and the Kubernetes auth method, on plain HTTP and one
// loopback port. Its storage is in memory, so it is initialised and unsealed at
// start and loses everything when it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/vault"
)

func main() {
	port := flag.Int("port", 8200, "`port` to listen on, at 127.0.0.1")
	tokenFile := flag.String("token-file", "", "`file` that gets the root token, readable by its owner only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *port, *tokenFile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and does not seal the core then: its storage ends
// with it anyway. The token is written before the port accepts requests.
func run(ctx context.Context, port int, tokenFile string) error {
	if tokenFile == "" {
		return errors.New("-token-file is missing")
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer listener.Close()
	address := "http://" + listener.Addr().String()
	core, token, err := start(address, hclog.New(&hclog.LoggerOptions{Name: "vault", Level: hclog.Info}))
	if err != nil {
		return err
	}
	if err := writeToken(tokenFile, token); err != nil {
		return err
	}
	defer os.Remove(tokenFile)
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: vaulthttp.Handler.Handler(&vault.HandlerProperties{
			Core:           core,
			ListenerConfig: &configutil.Listener{Type: "tcp", Address: listener.Addr().String(), TLSDisable: true},
		}),
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// writeToken writes the file atomically.
func writeToken(path, token string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".token-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(token)
	return errors.Join(err, temp.Close(), os.Rename(temp.Name(), path))
}
