// Package upgrade deploys an earlier version of the stack in the sandbox, updates it to this
// one, with the functions of a release, goes back and forth again, as docs/upgrading.md says.
// No request may fail meanwhile, and nothing may be replaced that must not be.
//
//	go test ./test/e2e/upgrade -from v1.2.0 -v
package upgrade

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
	"github.com/gatehouse-iac/gatehouse/test/e2e/traffic"
	"github.com/gatehouse-iac/gatehouse/test/e2e/verification"
)

var from = flag.String("from", "", "the version to begin with, a `tag or commit`; the newest version's tag by default")

// fleet deploys slower than a function is updated, edge by edge, so that requests meet any
// mixture of old and new.
var fleet = awsclient.Fleet{DeploySeconds: 4, Edges: 4}

// suite has the sandbox, and the two versions of the stack on it.
type suite struct {
	older, newer env.Environment
	functions    functions // of the newer version
}

func TestUpgrade(t *testing.T) {
	l := e2etest.Checkout(t)
	version, err := earlier(t.Context(), l.Root, *from)
	if errors.Is(err, errNoVersion) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	e := e2etest.Attach(t)
	folder := l.Local("upgrade")
	e2etest.Cleanup(t, "remove the versions' files", func(context.Context) error { return os.RemoveAll(folder) })
	t.Logf("building the functions of %s, and a release of this version", version)
	s, err := build(t.Context(), e, version, folder)
	if err != nil {
		t.Fatal(err)
	}
	s.useFleet(t)
	if err := s.beginAnew(t, e); err != nil {
		t.Fatalf("begin with an empty stack: %v", err)
	}
	t.Logf("deploying %s", version)
	deployed, err := s.older.Deploy(t.Context(), nil, func(string) {})
	if err != nil {
		t.Fatalf("deploy %s: %v", version, err)
	}
	before, err := s.identities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"update", s.update}, {"verify", s.verify}, {"back", s.back}, {"update again", s.update},
	} {
		if !t.Run(step.name, func(t *testing.T) { s.underTraffic(t, deployed, before, step.do) }) {
			return
		}
	}
}

// useFleet has CloudFront deploy edge by edge until the test ends.
func (s *suite) useFleet(t *testing.T) {
	t.Helper()
	cloud := awsclient.Controls{Endpoint: s.newer.Servers.Cloud.Endpoint()}
	usual, err := cloud.Fleet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e2etest.Cleanup(t, "restore CloudFront's deployments", func(ctx context.Context) error { return cloud.SetFleet(ctx, usual) })
	if err := cloud.SetFleet(t.Context(), fleet); err != nil {
		t.Fatal(err)
	}
}

// beginAnew destroys the running stack and makes an empty one. When the test ends, this
// version is deployed to the stack that there is then.
func (s *suite) beginAnew(t *testing.T, e *env.Environment) error {
	t.Helper()
	run, err := e.Servers.Run(t.Context())
	if err != nil {
		return err
	}
	e2etest.Cleanup(t, "deploy the stack's own settings", func(ctx context.Context) error {
		if err := e.Stack.Open(ctx, run.Instances); err != nil {
			return err
		}
		_, err := e.Deploy(ctx, nil, func(string) {})
		return err
	})
	if _, err := e.Stack.Destroy(t.Context(), func(string) {}); err != nil {
		return err
	}
	if err := e.Stack.Drop(); err != nil {
		return err
	}
	return e.Stack.Open(t.Context(), run.Instances)
}

// underTraffic runs a step while viewers send requests, and fails if one of these fails or a
// resource is replaced that must not be.
func (s *suite) underTraffic(t *testing.T, deployed *env.Environment, before identities, do func(context.Context) error) {
	requests := traffic.Viewers(deployed).Start(t.Context())
	began := time.Now()
	err := do(t.Context())
	got := requests.End()
	t.Logf("%d requests and %d streams, %d failed, in %s", got.Requests, got.Streams, len(got.Failures), time.Since(began).Round(time.Second))
	err = errors.Join(err, got.Failed(func(traffic.Sample) string { return "" }))
	after, problem := s.identities(t.Context())
	if err := errors.Join(err, problem, before.kept(after)); err != nil {
		t.Error(err)
	}
}

// update deploys this version with the functions of its release. A preview then shows no
// change.
func (s *suite) update(ctx context.Context) error {
	if _, err := s.newer.Deploy(ctx, s.functions.settings, func(string) {}); err != nil {
		return err
	}
	if _, err := s.newer.Stack.Preview(ctx, func(string) {}); err != nil {
		return fmt.Errorf("preview after the update: %w", err)
	}
	return s.functions.areDeployed(ctx, awsclient.Config(s.newer.Servers.Cloud.Endpoint()))
}

// back deploys the earlier version again.
func (s *suite) back(ctx context.Context) error {
	_, err := s.older.Deploy(ctx, nil, func(string) {})
	return err
}

// verify runs the checks of `gatehouse verify`, with a rotation: keys of before the update
// are replaced by the updated rotator.
func (s *suite) verify(ctx context.Context) error {
	_, outputs, err := s.newer.Stack.Outputs(ctx)
	if err != nil {
		return err
	}
	cloud := s.newer.Servers.Cloud
	checks, err := verification.New(outputs, cloud, awsclient.Config(cloud.Endpoint()), os.Stderr)
	if err != nil {
		return err
	}
	checks.Rotate = true
	results := check.Run(ctx, checks.Checks(), func(string) {})
	if !check.Passed(results) {
		var table strings.Builder
		check.PrintTable(&table, results, checks.Outputs.RunbookURL)
		err = errors.New("not all checks passed:\n" + table.String())
	}
	return errors.Join(err, checks.Close(ctx))
}

// build makes both versions of the stack, with their functions.
func build(ctx context.Context, e *env.Environment, version, folder string) (*suite, error) {
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	source := folder + "/source"
	if err := extract(ctx, e.Checkout.Root, version, source); err != nil {
		return nil, err
	}
	if err := compile(ctx, source, pulumicli.LambdaArchitecture()); err != nil {
		return nil, fmt.Errorf("%s: %w", version, err)
	}
	released, err := release(ctx, e.Checkout.Root, folder+"/release")
	if err != nil {
		return nil, err
	}
	s := &suite{older: *e, newer: *e, functions: released}
	s.older.Stack.CLI.Project = source
	return s, nil
}
