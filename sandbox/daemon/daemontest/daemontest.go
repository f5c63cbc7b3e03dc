// Package daemontest helps tests that start servers of the sandbox.
package daemontest

import (
	"context"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// Checkout returns an empty checkout. The servers of these names are stopped when the
// test ends, also when it is killed.
func Checkout(t *testing.T, servers ...string) checkout.Layout {
	t.Helper()
	process.EndDetachedWithParent()
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, name := range servers {
			if err := daemon.Stop(context.Background(), l, name); err != nil {
				t.Error(err)
			}
		}
	})
	return l
}

// Install builds a program where `make local` does, which takes minutes the first time,
// and links it into the checkout of a test. With -short the test is skipped.
func Install(t *testing.T, l checkout.Layout, program build.Program) {
	t.Helper()
	project := Project(t)
	if _, err := build.New(project).Go(t.Context(), nil, program); err != nil {
		t.Fatal(err)
	}
	Link(t, project, l, program.Name)
}

// Project returns the checkout that the test is in. With -short the test is skipped: it
// starts a real server.
func Project(t *testing.T) checkout.Layout {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the real server")
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	project, err := checkout.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := project.Prepare(); err != nil {
		t.Fatal(err)
	}
	return project
}

// Link links a program of this name in the project, with its stamp, into the checkout of a
// test.
func Link(t *testing.T, project, l checkout.Layout, name string) {
	t.Helper()
	for from, to := range map[string]string{project.Bin(name): l.Bin(name), project.Stamp(name): l.Stamp(name)} {
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
}

// FreePorts returns the first of consecutive ports that are free, below those that the
// system gives to clients.
func FreePorts(t *testing.T, count int) int {
	t.Helper()
	for range 1000 {
		first := 15000 + rand.IntN(17000)
		ports := make([]int, count)
		for i := range ports {
			ports[i] = first + i
		}
		if daemon.Free(ports...) == nil {
			return first
		}
	}
	t.Fatal("no free ports")
	return 0
}
