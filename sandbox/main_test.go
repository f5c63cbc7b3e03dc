package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

func TestEndpoints(t *testing.T) {
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	ports, err := awsserver.PortsFrom("14566")
	if err != nil {
		t.Fatal(err)
	}
	e := &env.Environment{Checkout: l, Servers: env.Servers{
		Cloud: awsserver.Cloud{Ports: ports}, Vault: vaultserver.Server{Address: "http://127.0.0.1:14570"}, Kubernetes: kubernetesserver.Server{Kubeconfig: "/a/kubeconfig"},
	}, Outputs: map[string]string{env.StreamOutput: "https://abcdef1234.execute-api.us-east-1.amazonaws.com/live"}}
	if err := writeEndpoints(e); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(l.Endpoints())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"distributionUrl": "http://127.0.0.1:14567", "apiUrl": "http://127.0.0.1:14568", "streamUrl": "http://127.0.0.1:14568/live",
		"awsEndpoint": "http://127.0.0.1:14566", "region": "us-east-1",
		"vaultAddr": "http://127.0.0.1:14570", "kubeconfig": "/a/kubeconfig",
	}
	if len(got) != len(want) {
		t.Errorf("got %s", content)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}

func TestDownWithNothingUp(t *testing.T) {
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	if err := checkout.WriteFile(l.Endpoints(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	show := progress.New(&out, nil)
	defer show.Close()
	if err := down(t.Context(), l, show); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "nothing runs") {
		t.Errorf("said %q", out.String())
	}
	if _, err := os.Stat(l.Endpoints()); err == nil {
		t.Error("the endpoints of a stack that is gone stay")
	}
}

func TestStatusWithNothingUp(t *testing.T) {
	var out strings.Builder
	if err := status(t.Context(), checkout.Layout{Root: t.TempDir()}, &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "not running") != 4 || !strings.Contains(got, "not deployed") {
		t.Errorf("printed %s", got)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"sideways"}, {"up", "more"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}
