// Package servertest starts the servers of the sandbox for tests.
package servertest

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
)

// startTimeout bounds the start of a server.
const startTimeout = time.Minute

// Vault is a running Vault.
type Vault struct {
	Address, Token string
	stop           func()
}

// StartVault starts the server that the sandbox has for Vault, which ends with the test. The
// test is skipped where it takes too long or there is no such server.
func StartVault(t *testing.T) Vault {
	t.Helper()
	program, err := filepath.EvalSymlinks(Bin(t, "vault-server"))
	if err != nil {
		t.Fatal(err)
	}
	host := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	stop := start(t, program, "server", "-config="+vaultConfig(t, host))
	address := "http://" + host
	await(t, address+"/v1/sys/seal-status")
	return Vault{Address: address, Token: unseal(t, address), stop: stop}
}

// vaultConfig writes a configuration as the sandbox does.
func vaultConfig(t *testing.T, host string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "vault.json")
	content := fmt.Sprintf(`{
		"storage": {"inmem": {}}, "listener": [{"tcp": {"address": %q, "tls_disable": true}}],
		"api_addr": %q, "disable_clustering": true, "disable_mlock": true
	}`, host, "http://"+host)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// unseal initialises a new server and unseals it. It returns the root token.
func unseal(t *testing.T, address string) string {
	t.Helper()
	settings := api.DefaultConfig()
	settings.Address = address
	client, err := api.NewClient(settings)
	if err != nil {
		t.Fatal(err)
	}
	made, err := client.Sys().Init(&api.InitRequest{SecretShares: 1, SecretThreshold: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Sys().Unseal(made.KeysB64[0]); err != nil {
		t.Fatal(err)
	}
	await(t, address+"/v1/sys/health")
	return made.RootToken
}

// Stop ends it before the test ends.
func (v Vault) Stop() { v.stop() }

// Kubernetes is a running Kubernetes API server.
type Kubernetes struct {
	Kubeconfig string // path
	stop       func()
}

// StartKubernetes starts an API server that ends with the test. The test is
// skipped where it takes too long or there is no such server.
func StartKubernetes(t *testing.T) Kubernetes {
	t.Helper()
	port, dir := freePort(t), filepath.Join(t.TempDir(), "server")
	stop := start(t, Bin(t, "kubernetes-server"), "-port", strconv.Itoa(port), "-dir", dir)
	await(t, fmt.Sprintf("https://127.0.0.1:%d/readyz", port))
	return Kubernetes{Kubeconfig: filepath.Join(dir, "kubeconfig"), stop: stop}
}

// Stop ends it before the test ends.
func (k Kubernetes) Stop() { k.stop() }

// Bin returns the path of a program that `make local` builds. The test is skipped where it takes
// too long or there is no such program.
func Bin(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("not with -short: it starts servers")
	}
	for dir := "."; ; dir = filepath.Join(dir, "..") {
		path, err := filepath.Abs(filepath.Join(dir, ".local", "bin", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
		if path == filepath.Join("/.local/bin", name) {
			t.Skipf("there is no .local/bin/%s: run `make local` first", name)
		}
	}
}

func start(t *testing.T, program string, args ...string) (stop func()) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = cmd.Process.Signal(os.Interrupt)
			_ = cmd.Wait()
		}
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			lines := strings.Split(output.String(), "\n")
			t.Logf("%s ended with:\n%s", filepath.Base(program), strings.Join(lines[max(0, len(lines)-20):], "\n"))
		}
	})
	return stop
}

// await returns when the address responds as a ready server does.
func await(t *testing.T, address string) {
	t.Helper()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // it is on this machine, and nothing is sent
	}}
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		answer, err := client.Get(address)
		if err != nil {
			continue
		}
		_ = answer.Body.Close()
		// A request without permission gets a response of a server that is ready.
		if answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusUnauthorized {
			return
		}
	}
	t.Fatalf("%s does not answer", address)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
