// Package pipelineroles deploys the stack in the sandbox as GitHub Actions deploys a real one:
// with the pipeline's roles, for the token of a job, with IAM enforced. It tests that the roles
// suffice, that no other token gets them, what they called, and that a protected stack can't be
// destroyed by accident.
//
// It starts empty servers of its own, so the sandbox must not run:
//
//	go test ./test/e2e/pipelineroles -v
package pipelineroles

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// repository is the repository that pipeline/Pulumi.local.yaml trusts.
const repository = "gatehouse-iac/gatehouse"

// initial are settings that the stack begins with, in addition to those of Pulumi.local.yaml.
var initial = map[string]any{
	"gatehouse:protect":                     true,
	"gatehouse:retainOnDelete":              true,
	"gatehouse:alarmEmail":                  "nobody@example.com",
	"gatehouse:tracingEnabled":              true,
	"gatehouse:networkNat":                  "perZone",
	"gatehouse:networkInterfaceEndpoints":   []string{"logs"},
	"gatehouse:modelId":                     "us.amazon.nova-micro-v1:0",
	"gatehouse:modelPrices":                 modelPrices,
	"gatehouse:modelRegion":                 "us-west-2",
	"gatehouse:rotationReservedConcurrency": 0, // a young account has none to give
	"gatehouse:modelGuardrailId":            "gr1234567890",
	"gatehouse:modelGuardrailVersion":       "1",
}

// modelPrices has a price for each model of these settings.
var modelPrices = []string{
	"us.amazon.nova-micro-v1:0=0.035/0.14", "amazon.nova-lite-v1:0=0.06/0.24", "us.anthropic.claude-sonnet-4-5-20250929-v1:0=3/15/0.30/3.75",
	"amazon.titan-embed-text-v2:0=0.02/0",
}

// adjusted are settings that change in place what the last update removes or replaces.
var adjusted = map[string]any{
	"gatehouse:rotationReservedConcurrency": 1,
	"gatehouse:modelReservedConcurrency":    5,
	"gatehouse:logRetentionDays":            3,
	"gatehouse:inferenceHealthPath":         "/ready",
	"gatehouse:edgeContentTypes":            []string{"application/json", "application/x-ndjson"},
	"gatehouse:wafRateLimit":                1000,
	"gatehouse:wafLogs":                     "all",
}

// changed are settings with which the update changes each kind of resource, and some
// come and go.
var changed = map[string]any{
	"gatehouse:logRetentionDays":          5,
	"gatehouse:throttleRate":              90,
	"gatehouse:authorizerTtl":             "20s",
	"gatehouse:keyMemoryTtl":              "6s",
	"gatehouse:rotationTick":              "2m",
	"gatehouse:rotationInterval":          "3m",
	"gatehouse:alarmEmail":                "",
	"gatehouse:modelMaxTokens":            100,
	"gatehouse:modelId":                   "amazon.nova-lite-v1:0",
	"gatehouse:modelPrices":               modelPrices,
	"gatehouse:modelInVpc":                true,
	"gatehouse:inferenceTargets":          []string{"10.0.0.11"},
	"gatehouse:inferencePort":             9090, // replaces the target group
	"gatehouse:inferenceTimeout":          "20s",
	"gatehouse:networkZoneCount":          3,
	"gatehouse:networkNat":                "single",
	"gatehouse:networkIpv6":               true,
	"gatehouse:networkInterfaceEndpoints": []string{"logs", "bedrock-runtime"}, // the second lacks one of the zones
	"gatehouse:customHeaderValue":         "changed",
	"gatehouse:corsOrigins":               []string{"https://pages.example.com"},
	"gatehouse:domainNames":               []string{"ai." + hostedzone.Name}, // replaces the certificate
	"gatehouse:edgeErrorDocuments":        false,                             // needs the origin function
	"gatehouse:hstsMaxAge":                "0s",                              // which no policy can have
	"gatehouse:originShieldRegion":        "",                                // stays on unless it is turned off
	"gatehouse:originFunctionEnabled":     false,
	"gatehouse:wafEnabled":                false,
	"gatehouse:accessLogsEnabled":         false,
}

var recordCalls = flag.Bool("record", false, "write what the roles called to internal/pipeline/calls.txt instead of comparing it")

// suite has what the steps of the test share.
type suite struct {
	stack    localstack.Stack
	endpoint string
	cloud    awsserver.Cloud
	roles    roles
	own      []span // calls that the test makes itself, as one of the roles
}

// TestPipelineRoles deploys, previews, changes and destroys the stack. A step builds on those
// before it: after one that failed the test ends.
func TestPipelineRoles(t *testing.T) {
	l := e2etest.Checkout(t)
	startServers(t, l)
	s := &suite{stack: env.StackOf(t.Context(), l, t.Logf), cloud: env.Find(l).Cloud, endpoint: env.Find(l).Cloud.Endpoint()}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"in a young account", s.youngAccount},
		{"deploy the pipeline", s.pipeline},
		{"trust", s.trust},
		{"with permissions that take time", s.settling},
		{"deploy", s.deploy},
		{"preview", s.preview},
		{"verify", s.verify},
		{"keyring", s.keyring},
		{"protection", s.protection},
		{"in a usual account", s.usualAccount},
		{"unprotect", s.unprotect},
		{"change", s.change},
		{"preview after the change", s.preview},
		{"destroy", s.destroy},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			if err := step.do(t.Context()); err != nil {
				t.Fatal(err)
			}
		}) {
			return
		}
	}
	t.Run("permissions", func(t *testing.T) { s.permissions(t, *recordCalls) })
}

// startServers starts empty servers until the test ends. The command does that in a process
// of its own, which the servers outlive.
func startServers(t *testing.T, l checkout.Layout) {
	t.Helper()
	driver := l.Bin("gatehouse-local")
	run := func(ctx context.Context, args ...string) error {
		command := exec.CommandContext(ctx, args[0], args[1:]...)
		command.Dir, command.Stdout, command.Stderr = l.Root, os.Stdout, os.Stderr
		command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
		if err := command.Run(); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
		}
		return nil
	}
	if err := run(t.Context(), "go", "build", "-o", driver, "./sandbox"); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), driver, "servers", "up"); err != nil {
		t.Fatal(err)
	}
	lock, err := l.Lock(t.Context(), t.Logf)
	e2etest.Cleanup(t, "stop the servers", func(ctx context.Context) error {
		lock.Close() // the command takes it
		return run(ctx, driver, "servers", "down")
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *suite) pipeline(ctx context.Context) (err error) {
	s.roles, err = deployPipeline(ctx, s.stack.CLI, s.stack.Machine[env.ZoneKey])
	return err
}

// trust tests which tokens get which role.
func (s *suite) trust(ctx context.Context) error {
	of := func(subject string) token { return token{issuer, audience, "repo:" + repository + ":" + subject} }
	deployment, preview := of("environment:"+pulumicli.StackName), of("environment:"+pulumicli.StackName+"-preview")
	audienceOfAFork, otherIssuer := deployment, deployment
	audienceOfAFork.Audience, otherIssuer.Issuer = "https://github.com/fork", "https://gitlab.com"
	fork := token{issuer, audience, strings.Replace(deployment.Subject, repository, "fork/gatehouse", 1)}
	cases := []struct {
		name, role string
		token      token
		trusted    bool
	}{
		{"a deployment", s.roles.deploy, deployment, true},
		{"a preview, to deploy", s.roles.deploy, preview, false},
		{"a pull request, to deploy", s.roles.deploy, of("pull_request"), false},
		{"the main branch, to deploy", s.roles.deploy, of("ref:refs/heads/main"), false},
		{"a deployment of another stack", s.roles.deploy, of("environment:prod"), false},
		{"another repository", s.roles.deploy, fork, false},
		{"another audience", s.roles.deploy, audienceOfAFork, false},
		{"another issuer", s.roles.deploy, otherIssuer, false},
		{"a preview", s.roles.preview, preview, true},
		{"a deployment, to preview", s.roles.preview, deployment, false},
		{"a pull request without the environment", s.roles.preview, of("pull_request"), false},
		{"a verification", s.roles.verify, of("environment:" + pulumicli.StackName + "-verify"), true},
		{"a deployment, to verify", s.roles.verify, deployment, false},
		{"a preview, to verify", s.roles.verify, preview, false},
	}
	for _, c := range cases {
		_, code, err := assume(ctx, s.endpoint, c.role, c.token)
		switch {
		case err != nil:
			return err
		case c.trusted && code != "":
			return fmt.Errorf("%s can't assume %s: %s", c.name, c.role, code)
		case !c.trusted && code != accessDenied:
			return fmt.Errorf("%s, for %s: got %q, want %s", c.name, c.role, code, accessDenied)
		}
	}
	return nil
}

// as returns the stack with the credentials of a role.
func (s *suite) as(ctx context.Context, role, subject string) (localstack.Stack, error) {
	credentials, code, err := assume(ctx, s.endpoint, role, token{issuer, audience, "repo:" + repository + ":" + subject})
	if err == nil && code != "" {
		err = fmt.Errorf("assume %s: %s", role, code)
	}
	stack := s.stack
	stack.CLI.Credentials = credentials
	return stack, err
}

func (s *suite) deployer(ctx context.Context) (localstack.Stack, error) {
	return s.as(ctx, s.roles.deploy, "environment:"+pulumicli.StackName)
}

func (s *suite) up(ctx context.Context, settings map[string]any) error {
	stack, err := s.deployer(ctx)
	if err != nil {
		return err
	}
	stack.Machine = maps.Clone(stack.Machine)
	maps.Copy(stack.Machine, settings)
	stack.Machine["gatehouse:permissionsBoundaryArn"] = s.roles.boundary
	if err := stack.CLI.WriteConfig(stack.Machine); err != nil {
		return err
	}
	_, err = stack.Up(ctx, func(string) {})
	return s.explained(ctx, err)
}

// settlingTime is the time that the permissions of a role that is created during the test take
// to have an effect. AWS promises no time; a few seconds are usual.
const settlingTime = 5 * time.Second

// settling lets what the deployment changes in IAM, and the tags of its KMS key, take effect
// later, as on AWS: a deployment that doesn't wait for them fails.
func (s *suite) settling(ctx context.Context) error {
	return awsclient.Controls{Endpoint: s.endpoint}.SetSettling(ctx, settlingTime)
}

func (s *suite) deploy(ctx context.Context) error {
	return s.up(ctx, initial)
}

// preview tests that a preview shows no change.
func (s *suite) preview(ctx context.Context) error {
	stack, err := s.as(ctx, s.roles.preview, "environment:"+pulumicli.StackName+"-preview")
	if err != nil {
		return err
	}
	changes, err := stack.Preview(ctx, func(string) {})
	if err == nil && changes != pulumicli.NoChange {
		err = fmt.Errorf("a preview right after the deployment shows %q, want %q", changes, pulumicli.NoChange)
	}
	return s.explained(ctx, err)
}

// unprotect comes before the change that deletes something: what is no longer declared can't
// lose its protection by the same update.
func (s *suite) unprotect(ctx context.Context) error {
	settings := maps.Clone(initial)
	settings["gatehouse:protect"], settings["gatehouse:retainOnDelete"] = false, false
	maps.Copy(settings, adjusted)
	return s.up(ctx, settings)
}

func (s *suite) change(ctx context.Context) error {
	return s.up(ctx, changed)
}

func (s *suite) destroy(ctx context.Context) error {
	stack, err := s.deployer(ctx)
	if err != nil {
		return err
	}
	_, err = stack.Destroy(ctx, func(string) {})
	return s.explained(ctx, err)
}

// explained adds to an error what IAM denied.
func (s *suite) explained(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	calls, problem := s.calls(ctx)
	if problem != nil {
		return errors.Join(err, problem)
	}
	if denied := denials(slices.Concat(by(calls, s.roles.deploy), by(calls, s.roles.preview), by(calls, s.roles.verify))); len(denied) > 0 {
		err = fmt.Errorf("%w\nIAM denied the roles, so internal/pipeline/permissions.yaml lacks:\n  %s", err, strings.Join(denied, "\n  "))
	}
	return err
}

// permissions tests that the calls of the roles are those of the record, and that none was
// denied: the provider takes some denials without an error.
func (s *suite) permissions(t *testing.T, replace bool) {
	calls, err := s.calls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	preview, deploy, verify := by(calls, s.roles.preview), by(calls, s.roles.deploy), by(calls, s.roles.verify)
	if denied := denials(slices.Concat(preview, deploy, verify)); len(denied) > 0 {
		t.Fatalf("internal/pipeline/permissions.yaml lacks:\n  %s", strings.Join(denied, "\n  "))
	}
	if !rotated(calls) {
		t.Fatal("the rotator was never allowed to read the distribution: see the boundary in internal/pipeline/permissions.yaml")
	}
	found := record{"preview": lines(preview), "deploy": lines(deploy), "verify": lines(verify)}
	t.Logf("%d different calls to deploy, %d to preview", len(found["deploy"]), len(found["preview"]))
	if err := found.check(s.stack.Layout, replace); err != nil {
		t.Error(err)
	}
}
