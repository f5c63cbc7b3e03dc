// Package deploytest deploys the local stack as GitHub Actions deploys a real one:
// with the pipeline's roles, for a token of a job, with IAM enforced. It shows that
// the roles suffice, that nobody else gets them, what they called, and that a
// protected stack can't be destroyed by accident.
package pipelineroles

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// repository is the one that pipeline/Pulumi.local.yaml trusts.
const repository = "gatehouse-iac/gatehouse"

// initial are settings that the stack begins with, beside those of Pulumi.local.yaml.
var initial = map[string]any{
	"gatehouse:protect":                     true,
	"gatehouse:retainOnDelete":              true,
	"gatehouse:alarmEmail":                  "nobody@example.com",
	"gatehouse:tracingEnabled":              true,
	"gatehouse:networkNat":                  "perZone",
	"gatehouse:networkInterfaceEndpoints":   []string{"logs"},
	"gatehouse:modelId":                     "us.amazon.nova-micro-v1:0",
	"gatehouse:modelRegion":                 "us-west-2",
	"gatehouse:rotationReservedConcurrency": 0, // a young account has none to give
	"gatehouse:modelGuardrailId":            "gr1234567890",
	"gatehouse:modelGuardrailVersion":       "1",
}

// adjusted are settings that change in place what the last update removes, or makes
// anew.
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

// test is one run.
type test struct {
	show     *progress.Display
	stack    localstack.Stack
	endpoint string
	roles    roles
	own      []span // calls that the test makes itself, as one of the roles
}

// Run does it all in the running cloud, which has nothing in it yet, and with a stack
// that doesn't exist yet. With replace, it writes down what was called instead of
// comparing it.
func Run(ctx context.Context, show *progress.Display, running awsserver.Cloud, s localstack.Stack, replace bool) error {
	t := &test{show: show, stack: s, endpoint: running.Endpoint()}
	for _, step := range []struct {
		name string
		do   func(context.Context, *progress.Step) error
	}{
		{"young account", t.youngAccount},
		{"pipeline", t.pipeline},
		{"trust", t.trust},
		{"settling", t.settling},
		{"deploy", t.deploy},
		{"preview", t.preview},
		{"ring", t.ring},
		{"protection", t.protection},
		{"usual account", t.usualAccount},
		{"unprotect", t.unprotect},
		{"change", t.change},
		{"preview again", t.preview},
		{"destroy", t.destroy},
		{"permissions", func(ctx context.Context, s *progress.Step) error { return t.permissions(ctx, s, replace) }},
	} {
		if err := show.Step(ctx, step.name, step.do); err != nil {
			return err
		}
	}
	return nil
}

func (t *test) pipeline(ctx context.Context, s *progress.Step) (err error) {
	t.roles, err = deployPipeline(ctx, t.stack.CLI, t.stack.Machine["gatehouse:domainZoneId"], func(text string) { s.Doing("%s", text) })
	s.Note("roles to preview and to deploy")
	return err
}

// trust shows which tokens get which role.
func (t *test) trust(ctx context.Context, s *progress.Step) error {
	of := func(subject string) token { return token{issuer, audience, "repo:" + repository + ":" + subject} }
	deployment, preview := of("environment:"+pulumicli.StackName), of("environment:"+pulumicli.StackName+"-preview")
	elsewhere, foreign := deployment, deployment
	elsewhere.Audience, foreign.Issuer = "https://github.com/fork", "https://gitlab.com"
	fork := token{issuer, audience, strings.Replace(deployment.Subject, repository, "fork/gatehouse", 1)}
	cases := []struct {
		name, role string
		token      token
		trusted    bool
	}{
		{"a deployment", t.roles.deploy, deployment, true},
		{"a preview, to deploy", t.roles.deploy, preview, false},
		{"a pull request, to deploy", t.roles.deploy, of("pull_request"), false},
		{"the main branch, to deploy", t.roles.deploy, of("ref:refs/heads/main"), false},
		{"a deployment of another stack", t.roles.deploy, of("environment:prod"), false},
		{"another repository", t.roles.deploy, fork, false},
		{"another audience", t.roles.deploy, elsewhere, false},
		{"another issuer", t.roles.deploy, foreign, false},
		{"a preview", t.roles.preview, preview, true},
		{"a deployment, to preview", t.roles.preview, deployment, false},
		{"a pull request without the environment", t.roles.preview, of("pull_request"), false},
	}
	for _, c := range cases {
		_, code, err := assume(ctx, t.endpoint, c.role, c.token)
		switch {
		case err != nil:
			return err
		case c.trusted && code != "":
			return fmt.Errorf("%s is not let into %s: %s", c.name, c.role, code)
		case !c.trusted && code != refused:
			return fmt.Errorf("%s is let into %s (%s)", c.name, c.role, code)
		}
	}
	s.Note("%d tokens, each taken or refused as it must", len(cases))
	return nil
}

// as returns the stack in the hands of a role.
func (t *test) as(ctx context.Context, role, subject string) (localstack.Stack, error) {
	credentials, code, err := assume(ctx, t.endpoint, role, token{issuer, audience, "repo:" + repository + ":" + subject})
	if err == nil && code != "" {
		err = fmt.Errorf("assume %s: %s", role, code)
	}
	s := t.stack
	s.CLI.Credentials = credentials
	return s, err
}

func (t *test) deployer(ctx context.Context) (localstack.Stack, error) {
	return t.as(ctx, t.roles.deploy, "environment:"+pulumicli.StackName)
}

func (t *test) up(ctx context.Context, step *progress.Step, settings map[string]any) error {
	s, err := t.deployer(ctx)
	if err != nil {
		return err
	}
	s.Machine = maps.Clone(s.Machine)
	maps.Copy(s.Machine, settings)
	s.Machine["gatehouse:permissionsBoundaryArn"] = t.roles.boundary
	if err := pulumicli.WriteConfig(s.Layout, s.Machine); err != nil {
		return err
	}
	changes, err := s.Up(ctx, func(text string) { step.Doing("%s", text) })
	step.Note("%s", changes)
	return t.explained(ctx, err)
}

// settlingTime is how long the rights of a role that is made during the test take to
// have an effect. AWS promises no time; a few seconds are usual.
const settlingTime = 5 * time.Second

// settling lets what the deployment changes in IAM, and the tags of its KMS key, take
// effect later, as on AWS: what waits for nothing fails.
func (t *test) settling(ctx context.Context, step *progress.Step) error {
	step.Note("from now on, permissions and tags of keys take effect after %s", settlingTime)
	return awsclient.Controls{Endpoint: t.endpoint}.SetSettling(ctx, settlingTime)
}

func (t *test) deploy(ctx context.Context, step *progress.Step) error {
	return t.up(ctx, step, initial)
}

func (t *test) preview(ctx context.Context, step *progress.Step) error {
	s, err := t.as(ctx, t.roles.preview, "environment:"+pulumicli.StackName+"-preview")
	if err != nil {
		return err
	}
	changes, err := s.Preview(ctx, func(text string) { step.Doing("%s", text) })
	step.Note("%s", changes)
	if err == nil && changes != pulumicli.NoChange {
		err = fmt.Errorf("a preview right after the deployment shows %s", changes)
	}
	return t.explained(ctx, err)
}

// unprotect comes before the change that deletes something: what is not declared any
// more can't lose its protection by the same update.
func (t *test) unprotect(ctx context.Context, step *progress.Step) error {
	settings := maps.Clone(initial)
	settings["gatehouse:protect"], settings["gatehouse:retainOnDelete"] = false, false
	maps.Copy(settings, adjusted)
	return t.up(ctx, step, settings)
}

func (t *test) change(ctx context.Context, step *progress.Step) error {
	return t.up(ctx, step, changed)
}

func (t *test) destroy(ctx context.Context, step *progress.Step) error {
	s, err := t.deployer(ctx)
	if err != nil {
		return err
	}
	changes, err := s.Destroy(ctx, func(text string) { step.Doing("%s", text) })
	step.Note("%s", changes)
	return t.explained(ctx, err)
}

// explained adds to an error what IAM refused.
func (t *test) explained(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	calls, problem := t.calls(ctx)
	if problem != nil {
		return errors.Join(err, problem)
	}
	if denied := denials(append(by(calls, t.roles.deploy), by(calls, t.roles.preview)...)); len(denied) > 0 {
		err = fmt.Errorf("%w\nIAM refused the roles, so internal/pipeline/permissions.yaml lacks:\n  %s", err, strings.Join(denied, "\n  "))
	}
	return err
}

// permissions shows what the roles called, and that nothing was refused: the provider
// takes some refusals without a word.
func (t *test) permissions(ctx context.Context, step *progress.Step, replace bool) error {
	calls, err := t.calls(ctx)
	if err != nil {
		return err
	}
	preview, deploy := by(calls, t.roles.preview), by(calls, t.roles.deploy)
	if denied := denials(append(preview, deploy...)); len(denied) > 0 {
		return fmt.Errorf("internal/pipeline/permissions.yaml lacks:\n  %s", strings.Join(denied, "\n  "))
	}
	if !rotated(calls) {
		return errors.New("the rotator was never allowed to read the distribution: see the boundary in internal/pipeline/permissions.yaml")
	}
	found := record{"preview": lines(preview), "deploy": lines(deploy)}
	step.Note("%d different calls to deploy, %d to preview", len(found["deploy"]), len(found["preview"]))
	return found.check(t.stack.Layout, replace)
}
