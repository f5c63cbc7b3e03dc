package process

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRunWatchesAndLogs(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	var lines []string
	err := Command{
		Env: os.Environ(), Args: []string{"sh", "-c", "echo one; echo two >&2; pwd"}, Dir: "/", Log: log,
		Watch: func(line string) { lines = append(lines, line) },
	}.Run(t.Context())
	if err != nil || !slices.Equal(lines, []string{"one", "two", "/"}) {
		t.Errorf("got %q, %v", lines, err)
	}
}

func TestFailureShowsTheLogsEnd(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	err := Command{Env: os.Environ(), Args: []string{"sh", "-c", "seq 100; exit 3"}, Log: log}.Run(t.Context())
	var failure *Failure
	if !errors.As(err, &failure) {
		t.Fatalf("got %v", err)
	}
	text := err.Error()
	if !strings.Contains(text, "exit status 3") || !strings.Contains(text, log) || !strings.HasSuffix(text, "    100") || strings.Contains(text, " 75\n") {
		t.Errorf("got %q", text)
	}
}

func TestCancelReachesTheWholeGroup(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	ctx, cancel := context.WithCancel(t.Context())
	err := Command{
		Env: os.Environ(), Log: log,
		Args:  []string{"bash", "-c", `trap "echo stopped; exit 1" INT; bash -c 'trap "echo child stopped; exit" INT; while :; do sleep 0.1; done' & echo ready; wait; wait`},
		Watch: func(string) { cancel() },
	}.Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	out, _ := os.ReadFile(log)
	if !strings.Contains(string(out), "stopped") {
		t.Errorf("the program ended unasked: %q", out)
	}
}

func TestIdentity(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id, err := Identify(cmd.Process.Pid)
	if err != nil || !id.Running() {
		t.Fatalf("a running process: %v, %v", id, err)
	}
	if (ID{id.PID, "another start"}).Running() {
		t.Error("a recycled number passed for the process")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = wait(t.Context(), 5*time.Second, func() bool { return !id.Running() })
	if id.Running() {
		t.Error("a zombie passed for running")
	}
	_ = cmd.Wait()
}

func TestStopSparesARecycledNumber(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if err := (ID{cmd.Process.Pid, "another start"}).Stop(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := Identify(cmd.Process.Pid); err != nil {
		t.Error("a stranger was killed")
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	dir := t.TempDir()
	id, err := StartDetached(dir, os.Environ(), filepath.Join(dir, "log"), "bash", "-c", `trap "" TERM; echo up; while :; do sleep 0.1; done`)
	if err != nil {
		t.Fatal(err)
	}
	_ = wait(t.Context(), 5*time.Second, func() bool { return Tail(filepath.Join(dir, "log"), 1) != "" })
	if err := id.Stop(t.Context(), 300*time.Millisecond); err != nil || id.Running() {
		t.Errorf("still running, %v", err)
	}
}

func TestParseStat(t *testing.T) {
	const stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2"
	if got, err := parseStat(stat, "boot"); err != nil || got != "boot 987654" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := parseStat("42 (a) Z 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2", "boot"); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a zombie counts as running: %v", err)
	}
	if _, err := parseStat("42 (a)", "boot"); err == nil {
		t.Error("a line cut short was accepted")
	}
}

func TestRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record")
	var back ID
	if ReadRecord(path, &back) {
		t.Error("read a record that is not there")
	}
	if err := WriteRecord(path, ID{7, "then"}); err != nil {
		t.Fatal(err)
	}
	if !ReadRecord(path, &back) || back != (ID{7, "then"}) {
		t.Errorf("got %v", back)
	}
}
