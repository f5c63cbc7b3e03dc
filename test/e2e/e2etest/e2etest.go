// Package e2etest helps end-to-end tests: they attach to the sandbox that `make local`
// left running, change it, and restore it when they end.
//
// Such a test runs by itself with `go test ./test/e2e/rotation -run Faults -v`. With
// -short, which `make test` sets, it is skipped. Tests of several packages wait for each
// other, so that running all of them takes `-p 1 -timeout 1h`.
package e2etest

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
)

// Attach returns the environment of the running sandbox. Until the test ends, no other
// command or test changes the sandbox. The test is skipped with -short, and fails if the
// sandbox does not run.
func Attach(t testing.TB) *env.Environment {
	t.Helper()
	l := Checkout(t)
	lock, err := l.Lock(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	e, err := env.Attach(t.Context(), l, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Checkout returns the checkout that the test lies in. The test is skipped with -short.
func Checkout(t testing.TB) checkout.Layout {
	t.Helper()
	if testing.Short() {
		t.Skip("needs the sandbox: run without -short after `make local`")
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	l, err := checkout.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Deploy deploys the stack with some settings changed, and returns its environment. When
// the test ends, the stack gets its own settings back.
func Deploy(t *testing.T, e *env.Environment, settings map[string]any) *env.Environment {
	t.Helper()
	Cleanup(t, "deploy the stack's own settings", func(ctx context.Context) error {
		_, err := e.Deploy(ctx, nil, func(string) {})
		return err
	})
	changed, err := e.Deploy(t.Context(), settings, func(string) {})
	if err != nil {
		t.Fatalf("deploy with %v: %v", settings, err)
	}
	return changed
}

// cleanupTimeout is the longest that restoring one thing may take.
const cleanupTimeout = 5 * time.Minute

// Cleanup restores something when the test ends, also after it failed. What could not be
// restored fails the test; `make local` restores it too.
func Cleanup(t testing.TB, what string, restore func(context.Context) error) {
	t.Helper()
	interrupted.watch()
	restore = interrupted.add(what, restore)
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, cleanupTimeout)
		defer cancel()
		if err := restore(ctx); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	})
}

// Run runs each check as a test of its own, which logs what it observed, or why it was
// left out.
func Run(t *testing.T, checks []check.Check) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.Name, func(t *testing.T) {
			result := c.Do(t.Context())
			if result.Err != nil {
				t.Errorf("want %s, got %v", c.Want, result.Err)
				return
			}
			t.Log(result.Got, result.LeftOut)
		})
	}
}
