package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

// ID identifies a process among all others, before and after it: the system gives a
// number to another process later, but with another start time.
type ID struct {
	PID     int    `json:"pid"`
	Started string `json:"started"`
}

// Identify returns the ID of a running process.
func Identify(pid int) (ID, error) {
	started, err := startOf(pid)
	return ID{pid, started}, err
}

// Running reports whether this process still runs.
func (id ID) Running() bool {
	now, err := Identify(id.PID)
	return err == nil && now == id
}

// startOf returns when a process started, in a form that is only compared.
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil {
		boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
		if err != nil {
			return "", err
		}
		return parseStat(string(stat), strings.TrimSpace(string(boot)))
	}
	out, err := exec.Command("ps", "-o", "stat=,lstart=", "-p", strconv.Itoa(pid)).Output()
	started := strings.Join(strings.Fields(string(out)), " ")
	if err != nil || started == "" || strings.HasPrefix(started, "Z") {
		return "", os.ErrProcessDone
	}
	_, started, _ = strings.Cut(started, " ")
	return started, nil
}

// parseStat returns the start time, in ticks since boot, from /proc/PID/stat. The
// second field, the program's name, may itself have spaces and parentheses.
func parseStat(stat, boot string) (string, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const state, start = 0, 19
	if len(fields) <= start {
		return "", fmt.Errorf("not understood: %q", stat)
	}
	if fields[state] == "Z" || fields[state] == "X" {
		return "", os.ErrProcessDone
	}
	return boot + " " + fields[start], nil
}

// detached makes a child independent of the driver: it has a session of its own.
var detached = &syscall.SysProcAttr{Setsid: true}

// EndDetachedWithParent lets what [StartDetached] starts from now on end with this
// process, also when that is killed. Tests call it: `make local-down` doesn't find their
// servers.
func EndDetachedWithParent() { detached = TestSession() }

// StartDetached starts a program that goes on after the driver has ended, with
// its output in log.
func StartDetached(dir string, env []string, log string, args ...string) (ID, error) {
	out, err := os.Create(log)
	if err != nil {
		return ID{}, err
	}
	defer out.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, env
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = detached
	if err := cmd.Start(); err != nil {
		return ID{}, err
	}
	id, err := Identify(cmd.Process.Pid)
	// Collected at once when it ends early, so that it is not taken for running.
	go func() { _ = cmd.Wait() }()
	return id, err
}

// Stop signals the process to end, and kills it if it goes on after the timeout.
func (id ID) Stop(ctx context.Context, timeout time.Duration) error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if !id.Running() {
			return nil
		}
		if err := syscall.Kill(id.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop process %d: %w", id.PID, err)
		}
		if err := wait(ctx, timeout, func() bool { return !id.Running() }); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("process %d does not end", id.PID)
}

// wait polls until done, at most for the limit.
func wait(ctx context.Context, limit time.Duration, done func() bool) error {
	deadline := time.After(limit)
	for !done() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline:
			return context.DeadlineExceeded
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// WriteRecord writes what is known about a running process to a file.
func WriteRecord(path string, record any) error {
	content, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return checkout.WriteFile(path, append(content, '\n'), 0o644)
}

// ReadRecord reads what [WriteRecord] wrote. It reports whether there is a record: a
// damaged file is none.
func ReadRecord(path string, record any) bool {
	content, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(content, record) == nil
}

// Name returns the name of a running program; "" if there is none.
func Name(pid int) string {
	if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil {
		return strings.TrimSpace(string(comm))
	}
	out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return filepath.Base(strings.TrimSpace(string(out)))
}
