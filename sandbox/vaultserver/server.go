// Package vaultserver starts, finds and calls the sandbox's Vault server.
package vaultserver

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// Name is the name of the server's log and record.
const Name = "vault"

// Server is a running Vault server.
type Server struct {
	Address  string // URL
	Token    string // the root token
	Instance string // see [daemon.Running.Instance]
	Product  Product
}

func tokenFile(l checkout.Layout) string { return l.Run("vault-token") }

func configFile(l checkout.Layout) string { return l.Local("vault.json") }

// Address returns the address of a server on this port.
func Address(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// Find returns the server that runs for this checkout.
func Find(l checkout.Layout) (Server, bool) {
	running, found := daemon.Find(l, Name)
	if !found {
		return Server{}, false
	}
	s, err := serverOf(l, running)
	return s, err == nil
}

func serverOf(l checkout.Layout, running daemon.Running) (Server, error) {
	token, err := os.ReadFile(tokenFile(l))
	product, _, _ := strings.Cut(running.Source, " ")
	return Server{Address: Address(running.Ports[0]), Token: string(token), Instance: running.Instance(), Product: Product(product)}, err
}

// Ensure returns the running server, or starts one if none runs, or it runs from another
// program, on another port or sealed. [Prepare] must have been called before.
func Ensure(ctx context.Context, l checkout.Layout, port int) (s Server, started bool, err error) {
	d, err := daemonOf(l, port)
	if err != nil {
		return Server{}, false, err
	}
	if running, found := daemon.Find(l, Name); found && !usable(ctx, l, running) {
		if err := daemon.Stop(ctx, l, Name); err != nil {
			return Server{}, false, err
		}
	}
	if err := checkout.WriteFile(configFile(l), config(port), 0o644); err != nil {
		return Server{}, false, err
	}
	running, started, err := daemon.Ensure(ctx, l, d)
	if err != nil {
		return Server{}, false, err
	}
	if started {
		token, err := unseal(ctx, api(port))
		if err != nil {
			return Server{}, false, err
		}
		// The file is there as soon as the server can be used, and not before.
		if err := checkout.WriteFile(tokenFile(l), []byte(token), 0o600); err != nil {
			return Server{}, false, err
		}
	}
	s, err = serverOf(l, running)
	return s, started, err
}

// usable reports whether a running server was unsealed and its token is known.
func usable(ctx context.Context, l checkout.Layout, running daemon.Running) bool {
	_, err := serverOf(l, running)
	return err == nil && unsealed(ctx, api(running.Ports[0]))
}

// daemonOf returns the server on a port as a daemon. Its program is executed by its own
// path and not by that of the link, so that the process has its name.
func daemonOf(l checkout.Layout, port int) (daemon.Daemon, error) {
	source, err := os.ReadFile(l.Stamp(ProgramName))
	if err != nil {
		return daemon.Daemon{}, err
	}
	path, err := filepath.EvalSymlinks(l.Bin(ProgramName))
	if err != nil {
		return daemon.Daemon{}, err
	}
	return daemon.Daemon{
		Name: Name, Ports: []int{port}, Files: []string{tokenFile(l)},
		Source: fmt.Sprintf("%s %x", source, sha256.Sum256(config(port))),
		Args:   []string{path, "server", "-config=" + configFile(l)},
		Ready: func(ctx context.Context) error {
			return api(port).Do(ctx, http.MethodGet, "/sys/seal-status", nil, nil)
		},
	}, nil
}

// api returns a client without a token.
func api(port int) restclient.Client { return Server{Address: Address(port)}.As("") }

// As returns a client with a token; "" sends none.
func (s Server) As(token string) restclient.Client {
	c := restclient.Client{Base: s.Address + "/v1", Header: http.Header{}, Problem: problem}
	if token == "" {
		return c
	}
	return c.With("X-Vault-Token", token)
}

// Root returns a client with the root token.
func (s Server) Root() restclient.Client { return s.As(s.Token) }

func problem(body []byte) string {
	var response struct{ Errors []string }
	if json.Unmarshal(body, &response) != nil {
		return ""
	}
	return strings.Join(response.Errors, "; ")
}
