package vaultserver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
)

func TestChoose(t *testing.T) {
	none, vault, bao := toolcheck.Found{}, toolcheck.Found{Path: "/bin/vault", Version: "1.21.2"}, toolcheck.Found{Path: "/bin/bao", Version: "2.7.2"}
	var (
		usesVault = Choice{Vault, Installed, vault}
		usesBao   = Choice{OpenBao, Installed, bao}
		installs  = Choice{Product: OpenBao, Origin: Packaged}
		compiles  = Choice{Product: Vault, Origin: Compiled}
	)
	for _, test := range []struct {
		setting    string
		vault, bao toolcheck.Found
		want       Choice
	}{
		{"", none, none, installs},
		{"", none, bao, usesBao},
		{"", vault, none, usesVault},
		{"", vault, bao, usesVault},
		{"openbao", none, none, installs},
		{"openbao", vault, none, installs},
		{"openbao", vault, bao, usesBao},
		{"vault", none, none, compiles},
		{"vault", none, bao, compiles},
		{"vault", vault, bao, usesVault},
	} {
		if got, err := choose(test.setting, test.vault, test.bao); err != nil || got != test.want {
			t.Errorf("%q with %v and %v: %v, %v", test.setting, test.vault, test.bao, got, err)
		}
	}
}

func TestUnknownProduct(t *testing.T) {
	for _, setting := range []string{"bao", "Vault", " "} {
		_, err := choose(setting, toolcheck.Found{}, toolcheck.Found{})
		if err == nil || !strings.Contains(err.Error(), "SANDBOX_VAULT") || !strings.Contains(err.Error(), "allowed: openbao, vault") {
			t.Errorf("%q: %v", setting, err)
		}
	}
}

func TestChoiceIsShown(t *testing.T) {
	for want, c := range map[string]Choice{
		"Vault 1.21.2, installed": {Vault, Installed, toolcheck.Found{Path: "/bin/vault", Version: "1.21.2"}},
		"OpenBao, Python package": {Product: OpenBao, Origin: Packaged},
		"Vault's core, compiled":  {Product: Vault, Origin: Compiled},
	} {
		if got := c.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestVersionOfAProgram(t *testing.T) {
	for _, test := range []struct {
		product Product
		printed string
		want    string // "" if it is not taken
	}{
		{Vault, "Vault v1.21.2 (2a8bd0c2), built 2026-01-06T08:33:05Z", "1.21.2"},
		{Vault, "Vault v1.19.0", "1.19.0"},
		{Vault, "Vault v1.18.15 (f2a8bd0c)", ""},
		{Vault, "Vault v1.21.2+ent (2a8bd0c2)", ""},
		{Vault, "OpenBao v2.7.2 (9e0a0d3c)", ""},
		{Vault, "vault: not found", ""},
		{Vault, "", ""},
		{OpenBao, "OpenBao v2.7.2 (9e0a0d3c), committed 2026-10-26T20:32:27Z", "2.7.2"},
		{OpenBao, "OpenBao v3.0.0", "3.0.0"},
		{OpenBao, "OpenBao v2.6.1 (9e0a0d3c)", ""},
		{OpenBao, "Vault v1.21.2", ""},
	} {
		version, taken := programs[test.product].version(test.printed)
		if taken != (test.want != "") || taken && version != test.want {
			t.Errorf("%s %q: got %q, %v", test.product, test.printed, version, taken)
		}
	}
}

// script writes a program that prints a string.
func script(t *testing.T, path, printed string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n[ \"$1\" = version ] && echo '"+printed+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// The first program on PATH that is recent enough is taken, unless the sandbox built it.
func TestProgramIsFound(t *testing.T) {
	l, machine := checkout.Layout{Root: t.TempDir()}, t.TempDir()
	folders := []string{l.Local("bin"), filepath.Join(machine, "old"), filepath.Join(machine, "broken"), filepath.Join(machine, "new")}
	script(t, filepath.Join(folders[0], "vault"), "Vault v1.21.0")
	script(t, filepath.Join(folders[1], "vault"), "Vault v1.14.1")
	if err := os.MkdirAll(filepath.Join(folders[2], "vault"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", strings.Join(folders, string(filepath.ListSeparator)))
	t.Setenv(Variable, "")
	if c, err := Choose(t.Context(), l); err != nil || c != (Choice{Product: OpenBao, Origin: Packaged}) {
		t.Errorf("none that can be taken: %v, %v", c, err)
	}
	script(t, filepath.Join(folders[3], "vault"), "Vault v1.21.2")
	want := Choice{Vault, Installed, toolcheck.Found{Path: filepath.Join(folders[3], "vault"), Version: "1.21.2"}}
	if c, err := Choose(t.Context(), l); err != nil || c != want {
		t.Errorf("got %v, %v", c, err)
	}
	script(t, filepath.Join(folders[3], "bao"), "OpenBao v2.7.2")
	t.Setenv(Variable, "openbao")
	want = Choice{OpenBao, Installed, toolcheck.Found{Path: filepath.Join(folders[3], "bao"), Version: "2.7.2"}}
	if c, err := Choose(t.Context(), l); err != nil || c != want {
		t.Errorf("got %v, %v", c, err)
	}
}
