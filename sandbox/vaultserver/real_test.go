package vaultserver_test

import (
	"bytes"
	"net/http"
	"os"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver/vaultservertest"
)

// real starts the server that the sandbox runs, and returns a port that it must leave free
// as well.
func real(t *testing.T) (l checkout.Layout, s vaultserver.Server, next int) {
	t.Helper()
	l = daemontest.Checkout(t, vaultserver.Name)
	vaultservertest.Install(t, l)
	port := daemontest.FreePorts(t, 2)
	s, started, err := vaultserver.Ensure(t.Context(), l, port)
	if err != nil || !started {
		t.Fatal(started, err)
	}
	return l, s, port + 1
}

func TestServer(t *testing.T) {
	l, s, next := real(t)
	if found, ok := vaultserver.Find(l); !ok || found != s {
		t.Errorf("found %v", ok)
	}
	if s.Product != vaultserver.OpenBao && s.Product != vaultserver.Vault {
		t.Errorf("it is %q", s.Product)
	}
	if info, err := os.Stat(l.Run("vault-token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v", info, err)
	}
	if err := daemon.Free(next); err != nil {
		t.Errorf("it listens on a second port: %v", err)
	}
	if log, err := os.ReadFile(l.Log(vaultserver.Name)); err != nil || len(log) == 0 || bytes.Contains(log, []byte(s.Token)) {
		t.Errorf("its log of %d bytes has the token, or can't be read: %v", len(log), err)
	}
	for _, mount := range []struct{ path, kind string }{{"/sys/mounts/authority", "pki"}, {"/sys/auth/cluster", "kubernetes"}} {
		if err := s.Root().Do(t.Context(), http.MethodPost, mount.path, map[string]string{"type": mount.kind}, nil); err != nil {
			t.Errorf("%s: %v", mount.path, err)
		}
	}
	var root struct{ Data struct{ Certificate string } }
	err := s.Root().Do(t.Context(), http.MethodPost, "/authority/root/generate/internal", map[string]string{"common_name": "test", "key_type": "ec"}, &root)
	if err != nil || root.Data.Certificate == "" {
		t.Errorf("no authority: %v", err)
	}
	var pem []byte
	if err := s.As("").Do(t.Context(), http.MethodGet, "/authority/ca/pem", nil, &pem); err != nil || string(pem) == "" {
		t.Errorf("its certificate is not to be read: %v", err)
	}
	for _, token := range []string{"", "wrong"} {
		if err := s.As(token).Do(t.Context(), http.MethodGet, "/sys/mounts", nil, nil); restclient.Status(err) != http.StatusForbidden {
			t.Errorf("with token %q: %v", token, err)
		}
	}
	if err := daemon.Stop(t.Context(), l, vaultserver.Name); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(l.Run("")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// The process has the name of the server's own program, by which people find it.
func TestProcessHasTheNameOfTheProduct(t *testing.T) {
	l, s, _ := real(t)
	running, _ := daemon.Find(l, vaultserver.Name)
	want := map[vaultserver.Product]string{vaultserver.OpenBao: "bao", vaultserver.Vault: "vault"}[s.Product]
	if got := process.Name(running.Process.PID); got != want && got != "vault-core" {
		t.Errorf("its process is %q, want %q", got, want)
	}
}

// A sealed server can not be used again: its key is not known.
func TestSealedServerIsReplaced(t *testing.T) {
	l, s, next := real(t)
	if err := s.Root().Do(t.Context(), http.MethodPut, "/sys/seal", nil, nil); err != nil {
		t.Fatal(err)
	}
	again, started, err := vaultserver.Ensure(t.Context(), l, next-1)
	if err != nil || !started || again.Instance == s.Instance || again.Token == s.Token {
		t.Errorf("started: %v, %v", started, err)
	}
}
