// Package vaultserver starts, finds and calls the sandbox's Vault server.
package vaultserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// Name is the name of the server's log and record.
const Name = "vault"

// Program builds the server: Vault's core in a program of our own.
var Program = build.Program{Name: "vault-server", Module: "sandbox/servers/vault", Package: ".", LDFlags: "-s -w"}

// Server is a running Vault server.
type Server struct {
	Address  string // URL
	Token    string // the root token
	Instance string // see [daemon.Running.Instance]
}

func tokenFile(l checkout.Layout) string { return l.Run("vault-token") }

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
	return Server{Address: Address(running.Ports[0]), Token: string(token), Instance: running.Instance()}, err
}

// Ensure returns the running server, or starts one if none runs or it runs from
// another build or on another port. Its program must have been built.
func Ensure(ctx context.Context, l checkout.Layout, port int) (s Server, started bool, err error) {
	source, err := os.ReadFile(l.Stamp(Program.Name))
	if err != nil {
		return Server{}, false, err
	}
	client := restclient.Client{Base: Address(port)}
	running, started, err := daemon.Ensure(ctx, l, daemon.Daemon{
		Name: Name, Source: string(source), Ports: []int{port}, Files: []string{tokenFile(l)},
		Args:  []string{l.Bin(Program.Name), "-port", strconv.Itoa(port), "-token-file", tokenFile(l)},
		Ready: func(ctx context.Context) error { return client.Do(ctx, http.MethodGet, "/v1/sys/health", nil, nil) },
	})
	if err != nil {
		return Server{}, false, err
	}
	s, err = serverOf(l, running)
	return s, started, err
}

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
