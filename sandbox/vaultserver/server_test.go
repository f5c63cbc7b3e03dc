package vaultserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
)

func TestServerIsStartedOnce(t *testing.T) {
	l := daemontest.Checkout(t, Name)
	saw, port := installFake(t, l), daemontest.FreePorts(t, 1)
	first, started, err := Ensure(t.Context(), l, port)
	if err != nil || !started {
		t.Fatal(started, err)
	}
	if first.Token != fakeToken || first.Product != OpenBao || first.Address != fmt.Sprintf("http://127.0.0.1:%d", port) {
		t.Errorf("got %+v", first)
	}
	if got := saw().Args[1:]; !slices.Equal(got, []string{"server", "-config=" + l.Local("vault.json")}) {
		t.Errorf("its arguments are %q", got)
	}
	if again, started, err := Ensure(t.Context(), l, port); err != nil || started || again != first {
		t.Errorf("again: started %v, %+v, %v", started, again, err)
	}
	other, started, err := Ensure(t.Context(), l, daemontest.FreePorts(t, 1))
	if err != nil || !started || other.Instance == first.Instance {
		t.Errorf("on another port: started %v, %v", started, err)
	}
}

func TestConfiguration(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal(config(4570), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"storage":            map[string]any{"inmem": map[string]any{}},
		"listener":           []any{map[string]any{"tcp": map[string]any{"address": "127.0.0.1:4570", "tls_disable": true}}},
		"api_addr":           "http://127.0.0.1:4570",
		"disable_clustering": true, "disable_mlock": true, "ui": false,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

// The root token is in its file only, which only its owner can read, and the key by which
// the server was unsealed is in none.
func TestSecretsAreKept(t *testing.T) {
	l := daemontest.Checkout(t, Name)
	saw := installFake(t, l)
	if _, _, err := Ensure(t.Context(), l, daemontest.FreePorts(t, 1)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(tokenFile(l)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v", info, err)
	}
	if printed := fmt.Sprint(saw()); strings.Contains(printed, fakeToken) || strings.Contains(printed, fakeKey) {
		t.Error("a secret is in the arguments or the configuration")
	}
	if log, err := os.ReadFile(l.Log(Name)); err != nil || !strings.Contains(string(log), "serving") {
		t.Errorf("there is no log: %v", err)
	}
	for secret, want := range map[string][]string{fakeToken: {tokenFile(l)}, fakeKey: nil} {
		if got := filesWith(t, l, secret); !slices.Equal(got, want) {
			t.Errorf("%s is in %q, want %q", secret, got, want)
		}
	}
}

// filesWith returns the files of a checkout that have this content.
func filesWith(t *testing.T, l checkout.Layout, part string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(l.Root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(part)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A driver that is killed leaves a server that is not initialised, or whose token or key is
// lost. The next one starts another.
func TestServerOfAKilledDriverIsReplaced(t *testing.T) {
	for name, leave := range map[string]func(checkout.Layout, Server) error{
		"token lost": func(l checkout.Layout, _ Server) error { return os.Remove(tokenFile(l)) },
		"not initialised": func(l checkout.Layout, s Server) error {
			if err := daemon.Stop(t.Context(), l, Name); err != nil {
				return err
			}
			d, err := daemonOf(l, portOf(s))
			if err == nil {
				_, _, err = daemon.Ensure(t.Context(), l, d)
			}
			return err
		},
		"not unsealed": func(l checkout.Layout, s Server) error {
			if err := daemon.Stop(t.Context(), l, Name); err != nil {
				return err
			}
			d, err := daemonOf(l, portOf(s))
			if err != nil {
				return err
			}
			if _, _, err = daemon.Ensure(t.Context(), l, d); err != nil {
				return err
			}
			return s.As("").Do(t.Context(), "PUT", "/sys/init", map[string]int{"secret_shares": 1}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := daemontest.Checkout(t, Name)
			installFake(t, l)
			port := daemontest.FreePorts(t, 1)
			s, _, err := Ensure(t.Context(), l, port)
			if err != nil {
				t.Fatal(err)
			}
			if err := leave(l, s); err != nil {
				t.Fatal(err)
			}
			left, running := daemon.Find(l, Name)
			if !running {
				t.Fatal("no server runs: this shows nothing")
			}
			if _, found := Find(l); found {
				t.Error("it counts as a server that can be used")
			}
			again, started, err := Ensure(t.Context(), l, port)
			if err != nil || !started || again.Instance == left.Instance() || again.Token != fakeToken {
				t.Errorf("started: %v, %+v, %v", started, again, err)
			}
		})
	}
}

func portOf(s Server) (port int) {
	_, _ = fmt.Sscanf(s.Address, "http://127.0.0.1:%d", &port)
	return port
}

func TestServerThatCannotStart(t *testing.T) {
	l := daemontest.Checkout(t, Name)
	if _, _, err := Ensure(t.Context(), l, 1); err == nil {
		t.Error("started without a program")
	}
	write(t, l.Bin("other"), "#!/bin/sh\necho not today; sleep 1; exit 1\n")
	installFake(t, l)
	if err := link(l.Bin("other"), l.Bin(ProgramName)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Ensure(t.Context(), l, daemontest.FreePorts(t, 1)); err == nil || !strings.Contains(err.Error(), "not today") {
		t.Errorf("got %v", err)
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
