package vaultserver

import (
	"net/http"
	"os"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

func TestServer(t *testing.T) {
	l := daemontest.Checkout(t, Name)
	daemontest.Install(t, l, Program)
	s, started, err := Ensure(t.Context(), l, daemontest.FreePorts(t, 1))
	if err != nil || !started {
		t.Fatal(started, err)
	}
	if found, ok := Find(l); !ok || found != s {
		t.Errorf("found %v", ok)
	}
	if info, err := os.Stat(tokenFile(l)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v", info, err)
	}
	for _, mount := range []struct{ path, kind string }{{"/sys/mounts/authority", "pki"}, {"/sys/auth/cluster", "kubernetes"}} {
		if err := s.Root().Do(t.Context(), http.MethodPost, mount.path, map[string]string{"type": mount.kind}, nil); err != nil {
			t.Errorf("%s: %v", mount.path, err)
		}
	}
	var root struct{ Data struct{ Certificate string } }
	err = s.Root().Do(t.Context(), http.MethodPost, "/authority/root/generate/internal", map[string]string{"common_name": "test", "key_type": "ec"}, &root)
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
	if err := daemon.Stop(t.Context(), l, Name); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(l.Run("")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestProblem(t *testing.T) {
	if got := problem([]byte(`{"errors":["permission denied","and more"]}`)); got != "permission denied; and more" {
		t.Errorf("got %q", got)
	}
	if got := problem([]byte("oops")); got != "" {
		t.Errorf("got %q", got)
	}
}
