package env

import (
	"errors"
	"slices"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

func TestWithoutServers(t *testing.T) {
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	if e, err := Attach(t.Context(), l, t.Logf); !errors.Is(err, ErrNotRunning) {
		t.Errorf("attached to %v, %v", e, err)
	}
	if Any(l) || slices.ContainsFunc(Statuses(l), func(s Status) bool { return s.Running || s.PID != 0 || s.Address != "" }) {
		t.Errorf("a server runs: %+v", Statuses(l))
	}
	if s := StackOf(t.Context(), l, t.Logf); s.Exists() || s.Drop() != nil {
		t.Error("a stack without a state exists, or can't be dropped")
	}
	if err := Stop(t.Context(), l); err != nil {
		t.Error(err)
	}
}

// The stack's settings are those of the servers: other ports, other settings.
func TestMachineSettings(t *testing.T) {
	ports, err := awsserver.PortsFrom("14566")
	if err != nil {
		t.Fatal(err)
	}
	settings := machineSettings(ports, "Z1")
	for key, want := range map[string]any{
		"gatehouse:domainZoneId": "Z1", "gatehouse:inferencePort": 14569, "gatehouse:vaultAddress": "http://127.0.0.1:14570",
	} {
		if settings[key] != want {
			t.Errorf("%s is %v, want %v", key, settings[key], want)
		}
	}
}
