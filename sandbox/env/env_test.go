package env

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
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
	servers := Servers{
		Cloud: awsserver.Cloud{Ports: ports}, Vault: vaultserver.Server{Address: vaultserver.Address(ports.Vault)},
		Kubernetes: kubernetesserver.Server{Kubeconfig: "/a/kubeconfig"},
	}
	all, without := machineSettings(servers, "Z1"), machineSettings(Servers{Cloud: servers.Cloud}, "Z1")
	for key, want := range map[string][2]any{
		"gatehouse:domainZoneId":    {"Z1", "Z1"},
		"gatehouse:inferencePort":   {14569, 14569},
		"gatehouse:vaultAddress":    {"http://127.0.0.1:14570", nil},
		"gatehouse:workloadEnabled": {nil, false}, // the committed one counts
	} {
		if got := [2]any{all[key], without[key]}; got != want {
			t.Errorf("%s is %v, without Vault and Kubernetes %v; want %v", key, got[0], got[1], want)
		}
	}
}

func TestStreamURL(t *testing.T) {
	e := Environment{Servers: Servers{Cloud: awsserver.Cloud{Ports: awsserver.Ports{API: 14568}}}}
	if e.StreamURL() != "" || e.StreamHost() != "" {
		t.Errorf("without an API at %q as %q", e.StreamURL(), e.StreamHost())
	}
	e.Outputs = map[string]string{StreamOutput: "https://abcdef1234.execute-api.us-east-1.amazonaws.com/live"}
	if e.StreamURL() != "http://127.0.0.1:14568/live" || e.StreamHost() != "abcdef1234.execute-api.us-east-1.amazonaws.com" {
		t.Errorf("at %q as %q", e.StreamURL(), e.StreamHost())
	}
}

// A deployment to AWS leaves the other servers alone, also if they run already.
func TestStages(t *testing.T) {
	aws := Servers{Cloud: awsserver.Cloud{Ports: awsserver.Ports{AWS: 1}}}
	three := aws
	three.Vault.Address, three.Kubernetes.Kubeconfig = "http://127.0.0.1:2", "/a/kubeconfig"
	for _, c := range []struct {
		name    string
		to      stage
		running Servers
		want    Servers
		all     bool
	}{
		{"AWS of one", onAWS, aws, aws, true},
		{"AWS of three", onAWS, three, aws, true},
		{"AWS of none", onAWS, Servers{}, Servers{}, false},
		{"everything of one", everything, aws, aws, false},
		{"everything of three", everything, three, three, true},
	} {
		if servers, all := c.to.of(c.running); all != c.all || !reflect.DeepEqual(servers, c.want) {
			t.Errorf("%s: got %+v, %v", c.name, servers, all)
		}
	}
}

func TestWork(t *testing.T) {
	proceed, problem := make(chan struct{}), errors.New("a problem")
	w := begin(func() error { <-proceed; return problem })
	if w.ended() {
		t.Error("it ended before its function")
	}
	close(proceed)
	if err := w.wait(); err != problem || !w.ended() {
		t.Errorf("got %v, ended %v", err, w.ended())
	}
}
