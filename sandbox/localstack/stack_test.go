package localstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// setUp returns a stack whose CLI records its arguments, makes and removes the state
// like the real one, and answers "stack export" with the file export.
func setUp(t *testing.T) (Stack, *strings.Builder) {
	t.Helper()
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	cli := filepath.Join(l.Root, "pulumi")
	write(t, cli, `#!/bin/sh
cd "$(dirname "$0")"
echo "$@" >> calls
stacks=.local/state/.pulumi/stacks/gatehouse
case "$*" in
"stack init"*) mkdir -p $stacks; echo {} > $stacks/local.json;;
"stack export"*) cat export;;
cancel*) test ! -e broken && rm -r .local/state/.pulumi/locks;;
esac
`)
	write(t, filepath.Join(l.Root, "export"), `{"deployment":{"resources":[]}}`)
	write(t, filepath.Join(l.Root, "Pulumi.yaml"), "name: gatehouse\n")
	write(t, filepath.Join(l.Root, "Pulumi.local.yaml"), "config:\n  aws:region: us-east-1\n")
	var said strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) }
	return Stack{Layout: l, CLI: pulumicli.CLI{Layout: l, Path: cli}, Say: say}, &said
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// calls returns the first two words of each command so far.
func calls(t *testing.T, s Stack) string {
	t.Helper()
	content, _ := os.ReadFile(filepath.Join(s.Layout.Root, "calls"))
	var short []string
	for line := range strings.Lines(string(content)) {
		words := strings.Fields(line)
		short = append(short, strings.Join(words[:min(2, len(words))], " "))
	}
	return strings.Join(short, ", ")
}

func open(t *testing.T, s Stack, instances ...string) {
	t.Helper()
	if err := s.Open(t.Context(), instances); err != nil {
		t.Fatal(err)
	}
}

func TestOpenMakesTheStackOnce(t *testing.T) {
	s, said := setUp(t)
	open(t, s, "one")
	open(t, s, "one")
	if got := calls(t, s); got != "stack init, stack export" {
		t.Errorf("called %s", got)
	}
	if said.Len() > 0 {
		t.Errorf("said %s", said)
	}
	committed, _ := os.ReadFile(filepath.Join(s.Layout.Root, "Pulumi.local.yaml"))
	if string(committed) != "config:\n  aws:region: us-east-1\n" {
		t.Errorf("the committed configuration became %s", committed)
	}
	if info, err := os.Stat(s.Layout.Passphrase()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the passphrase: %v, %v", info, err)
	}
}

func TestStateOfOtherServersIsDropped(t *testing.T) {
	s, said := setUp(t)
	open(t, s, "one", "a")
	open(t, s, "two", "b")
	if got := calls(t, s); got != "stack init, stack init" {
		t.Errorf("called %s", got)
	}
	if !strings.Contains(said.String(), "dropped") {
		t.Errorf("said %q", said)
	}
}

func TestStateOfServersOfWhichOneIsNew(t *testing.T) {
	s, _ := setUp(t)
	open(t, s, "one", "a")
	if err := s.Open(t.Context(), []string{"one", "b"}); !errors.Is(err, ErrPartlyGone) {
		t.Errorf("got %v", err)
	}
	if !s.Describes([]string{"one", "a"}) || s.Describes([]string{"one"}) || s.Describes(nil) {
		t.Error("it does not describe exactly what it was deployed to")
	}
	if err := s.Drop(); err != nil {
		t.Fatal(err)
	}
	open(t, s, "one", "b") // they start over with the state
}

func TestStateGrowsWithTheServers(t *testing.T) {
	s, said := setUp(t)
	open(t, s, "aws 1")
	if !s.Within([]string{"aws 1", "vault 1"}) || s.Describes([]string{"aws 1", "vault 1"}) || s.Within([]string{"vault 1"}) || s.Within(nil) {
		t.Error("the state of one server is not just within that one and others")
	}
	if !s.IsOn("aws") || s.IsOn("vault") || s.IsOn("a") {
		t.Error("the stack is not just on AWS")
	}
	if !s.IsOnAny([]string{"vault 1", "aws 1"}) || s.IsOnAny([]string{"vault 1", "aws 2"}) || s.IsOnAny(nil) {
		t.Error("the stack is not just on the first run of AWS")
	}
	open(t, s, "aws 1", "vault 1")
	if !s.Describes([]string{"aws 1", "vault 1"}) || s.Within([]string{"aws 1"}) {
		t.Error("the state is not that of both servers")
	}
	if err := s.Open(t.Context(), []string{"aws 1"}); !errors.Is(err, ErrPartlyGone) {
		t.Errorf("without one of its servers: got %v", err)
	}
	if got := calls(t, s); got != "stack init, stack export" {
		t.Errorf("called %s", got)
	}
	if said.Len() > 0 {
		t.Errorf("said %s", said)
	}
}

// lock writes the lock that a CLI process holds.
func lock(t *testing.T, s Stack, pid int) {
	t.Helper()
	write(t, filepath.Join(s.Layout.State(), ".pulumi", "locks", "organization", "gatehouse", "local", "x.json"), fmt.Sprintf(`{"pid":%d}`, pid))
}

func TestLockOfADeadProcessIsRemoved(t *testing.T) {
	s, said := setUp(t)
	open(t, s, "one")
	lock(t, s, os.Getpid()) // runs, but is no CLI: the number was given away again
	open(t, s, "one")
	if got := calls(t, s); got != "stack init, cancel --yes, stack export" {
		t.Errorf("called %s", got)
	}
	if !strings.Contains(said.String(), "lock") {
		t.Errorf("said %q", said)
	}
}

func TestLockOfALivingDeploymentIsWaitedFor(t *testing.T) {
	s, said := setUp(t)
	open(t, s, "one")
	dir := t.TempDir()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "pulumi"), string(content))
	cmd := exec.Command(filepath.Join(dir, "pulumi"), "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lock(t, s, cmd.Process.Pid)

	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := s.Open(ctx, []string{"one"}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(said.String(), "waiting") {
		t.Errorf("got %v, said %q", err, said)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	open(t, s, "one")
	if got := calls(t, s); got != "stack init, cancel --yes, stack export" {
		t.Errorf("called %s", got)
	}
}

func TestUnknownStates(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, Stack){
		"pending operations": func(t *testing.T, s Stack) {
			write(t, filepath.Join(s.Layout.Root, "export"), `{"deployment":{"pending_operations":[{"type":"creating","resource":{"urn":"urn::x","type":"aws:iam/role:Role"}}]}}`)
		},
		"pending operations behind a lock": func(t *testing.T, s Stack) {
			lock(t, s, 1<<30)
			write(t, filepath.Join(s.Layout.Root, "export"), `{"deployment":{"pending_operations":[{"type":"updating"}]}}`)
		},
		"lock that can't be removed": func(t *testing.T, s Stack) {
			lock(t, s, 1<<30)
			write(t, filepath.Join(s.Layout.Root, "broken"), "")
		},
		"only the copy that is made before a state is written": func(t *testing.T, s Stack) {
			path := s.files("stacks", "*", "local.json")[0]
			if err := os.Rename(path, path+".bak"); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(s.Layout.Root, "export"), "")
		},
		"damaged state": func(t *testing.T, s Stack) { write(t, filepath.Join(s.Layout.Root, "export"), `{"deploy`) },
		"lost passphrase": func(t *testing.T, s Stack) {
			if err := os.Remove(s.Layout.Passphrase()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := setUp(t)
			open(t, s, "one")
			spoil(t, s)
			if err := s.Open(t.Context(), []string{"one"}); !errors.Is(err, ErrUnknown) {
				t.Fatalf("got %v", err)
			}
			if err := s.Drop(); err != nil || s.Exists() {
				t.Fatalf("dropped: %v, %v", s.Exists(), err)
			}
			open(t, s, "another")
		})
	}
}

func TestUpWithChangesSettingsForAMoment(t *testing.T) {
	s, _ := setUp(t)
	s.Machine = map[string]any{"gatehouse:vaultAddress": "http://127.0.0.1:1"}
	open(t, s, "one")
	for _, test := range []struct {
		settings map[string]any
		ttl      any
	}{
		{map[string]any{"gatehouse:certificateTtl": "10m"}, "10m"},
		{nil, nil},
	} {
		if _, err := s.UpWith(t.Context(), test.settings, func(string) {}); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]any{
			"gatehouse:certificateTtl": test.ttl, "gatehouse:vaultAddress": "http://127.0.0.1:1", "aws:region": "us-east-1",
		} {
			if got, err := pulumicli.Setting(s.Layout, key); err != nil || got != want {
				t.Errorf("with %v, %s is %v (%v)", test.settings, key, got, err)
			}
		}
	}
	if got := calls(t, s); !strings.HasSuffix(got, "up --config-file, up --config-file") {
		t.Errorf("called %s", got)
	}
}
