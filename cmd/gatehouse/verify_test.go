package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/secret"
	"github.com/gatehouse-iac/gatehouse/internal/verify"
)

// undeletable are the clients of a table from which none can be deleted.
type undeletable struct{}

func (undeletable) Name() string                                { return "verify-1" }
func (undeletable) Create(context.Context) (secret.Text, error) { return secret.New("sk-gth_1"), nil }
func (undeletable) Revoke(context.Context) error                { return nil }
func (undeletable) Delete(context.Context) error                { return errors.New("AccessDenied") }

// unreachable returns the checks of a stack of which no server responds.
func unreachable() *verify.Suite {
	const url = "http://127.0.0.1:1"
	address := verify.Address{URL: url}
	return &verify.Suite{
		Outputs:   verify.Outputs{URL: url, NamePrefix: "gatehouse-prod", APIPrefix: "/api", RunbookURL: "https://runbook", ClientAccess: "keys"},
		Addresses: verify.Addresses{Viewer: address, Plain: address, API: address},
		Clients:   undeletable{},
	}
}

func TestResultsAreWrittenAlthoughTheClientIsLeft(t *testing.T) {
	const command = "make client-delete NAME=verify-1 FORCE=1 STACK=prod"
	for name, f := range map[string]verifyFlags{"table": {}, "JSON": {json: true}, "JUnit": {junit: filepath.Join(t.TempDir(), "report.xml")}} {
		var out strings.Builder
		err := console{out: &out, errOut: io.Discard}.verify(t.Context(), unreachable(), f)
		require.ErrorIs(t, err, errNotVerified, name)
		require.ErrorContains(t, err, command, name)
		assert.Contains(t, out.String(), "direct, no key", name)
		if f.junit != "" {
			report, err := os.ReadFile(f.junit)
			require.NoError(t, err)
			assert.Contains(t, string(report), command)
		}
	}
}

func TestAReportThatCantBeWrittenHidesNothing(t *testing.T) {
	f := verifyFlags{junit: filepath.Join(t.TempDir(), "none", "report.xml")}
	var out strings.Builder
	err := console{out: &out, errOut: io.Discard}.verify(t.Context(), unreachable(), f)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "FORCE=1")
	assert.Contains(t, out.String(), "direct, no key")
}
