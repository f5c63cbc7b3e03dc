// Package vaultservertest helps tests that start the sandbox's Vault server.
package vaultservertest

import (
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

// Install prepares the server that `make local` would run, where it does, and links it into
// the checkout of a test. With -short the test is skipped.
func Install(t *testing.T, l checkout.Layout) {
	t.Helper()
	project := daemontest.Project(t)
	tools, err := toolcheck.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vaultserver.Prepare(t.Context(), nil, build.New(project), tools["python3"]); err != nil {
		t.Fatal(err)
	}
	daemontest.Link(t, project, l, vaultserver.ProgramName)
}
