package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/recovery"
)

func TestMended(t *testing.T) {
	for said, want := range map[string]string{
		"✓ deploy 108 created": "nothing to mend",
		"  the lock of a deployment that was killed is removed\n✓ deploy":                           "removed the lock",
		"the lock of a deployment that was killed is removed\n… that its state lacks: it is mended": "taught the state what had been made, removed the lock",
		"the last deployment was killed midway: starting over with empty servers":                   "started over",
	} {
		if got := mended(said); got != want {
			t.Errorf("%q is %q", said, got)
		}
	}
}

func TestCreation(t *testing.T) {
	const (
		killed   = `{"kind": "update", "result": "in-progress", "startTime": "2026-11-21T12:00:00.000Z"}`
		again    = `{"kind": "update", "result": "succeeded", "startTime": "2026-11-21T12:02:00.000Z", "endTime": "2026-11-21T12:03:00.000Z", "resourceChanges": {"create": 70, "same": 90}}`
		removed  = `{"kind": "destroy", "result": "succeeded", "startTime": "2026-11-21T12:02:00.000Z", "endTime": "2026-11-21T12:03:00.000Z", "resourceChanges": {"create": 1}}`
		fromZero = `{"kind": "update", "result": "succeeded", "startTime": "2026-11-21T12:04:00.000Z", "endTime": "2026-11-21T12:06:12.000Z", "resourceChanges": {"create": 160}}`
	)
	for history, want := range map[string]time.Duration{
		"[]":                                 0,
		"[" + again + "," + killed + "]":     0,
		"[" + again + "," + removed + "]":    0,
		"[" + again + ", " + fromZero + " ]": 132 * time.Second,
	} {
		if got, err := creation([]byte(history)); err != nil || got != want {
			t.Errorf("%s: %s, %v", history, got, err)
		}
	}
}

func TestInterrupted(t *testing.T) {
	for _, text := range []string{`{"checkpoint":{"latest":{"manifest":{}}}}`, `{"checkpoint": {"latest": {"manifest": {}}}}`} {
		var state struct {
			Checkpoint struct {
				Latest struct {
					Pending []any `json:"pending_operations"`
				}
			}
		}
		if err := json.Unmarshal([]byte(interrupted(text)), &state); err != nil || len(state.Checkpoint.Latest.Pending) != 1 {
			t.Errorf("%v, %s", err, interrupted(text))
		}
	}
	if got := interrupted("{}"); got != "{}" {
		t.Errorf("got %s", got)
	}
}

func TestForget(t *testing.T) {
	const text = `{"version": 3, "checkpoint": {"stack": "local", "latest": {"manifest": {}, "resources": [
		{"urn": "stack", "type": "pulumi:pulumi:Stack"}, {"urn": "provider", "custom": true, "id": "p", "type": "pulumi:providers:aws"},
		{"urn": "role", "custom": true, "type": "aws:iam/role:Role", "id": "r", "inputs": {"name": "r"}, "outputs": {"arn": "a"}, "created": "now"},
		{"urn": "policy", "custom": true, "type": "vault:index/policy:Policy", "id": "v"}
	]}}}`
	const want = `{"checkpoint":{"latest":{"manifest":{},` +
		`"pending_operations":[{"type":"creating","resource":{"custom":true,"inputs":{"name":"r"},"type":"aws:iam/role:Role","urn":"role"}}],` +
		`"resources":[{"type":"pulumi:pulumi:Stack","urn":"stack"},{"custom":true,"id":"p","type":"pulumi:providers:aws","urn":"provider"}]},"stack":"local"},"version":3}`
	got, count, err := forget([]byte(text), recovery.Inventory{Types: []string{"aws:iam/role:Role"}})
	if err != nil || count != 1 || string(got) != want {
		t.Errorf("%d, %v:\n%s", count, err, got)
	}
}

func TestTable(t *testing.T) {
	got := table([]row{
		{moment: 12345 * time.Millisecond, doing: "3 done", mended: "removed the lock", comparison: comparison{compared: 95, twice: []string{"a link"}}},
		{moment: time.Second, doing: "1 done", mended: "started over", err: errors.New("a lock is left")},
	})
	for _, want := range []string{"✓  12.3s", "95; made twice by the provider: a link", "✗  1s", "a lock is left"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// The shell stands for the driver, a child of its own for the CLI's plugin, and one
// with a session of its own for the cloud.
func TestAKillLeavesTheRestOfTheFamilyToItself(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("needs setsid to start a process that goes on")
	}
	cmd := exec.Command("bash", "-c", "sleep 60 & setsid sleep 5 & wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }()
	var members []member
	for deadline := time.Now().Add(5 * time.Second); len(members) == 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		members, _ = family(t.Context(), cmd.Process.Pid)
	}
	time.Sleep(200 * time.Millisecond) // both are there by now
	rest, err := kill(t.Context(), cmd.Process.Pid)
	if err != nil || len(rest) != 1 || rest[0].name != "sleep" {
		t.Fatalf("%v, %v", rest, err)
	}
	_ = cmd.Wait()
	if left := survivors(t.Context(), rest, 100*time.Millisecond); !strings.HasPrefix(left, "sleep (") {
		t.Errorf("survivors: %q", left)
	}
	_ = syscall.Kill(rest[0].PID, syscall.SIGKILL)
	if left := survivors(context.Background(), rest, 5*time.Second); left != "" {
		t.Errorf("survivors: %q", left)
	}
}
