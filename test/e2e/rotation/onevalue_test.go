package rotation

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	gateway "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
	"github.com/gatehouse-iac/gatehouse/test/e2e/fixture"
	"github.com/gatehouse-iac/gatehouse/test/e2e/traffic"
)

const (
	oneValueName = "rotation-test-one-value"

	// oneValueRotations are enough to meet API Gateway's cache at every age.
	oneValueRotations = 15

	// oneValuePolicy allows all that its functions do.
	oneValuePolicy = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:PutParameter", "cloudfront:GetDistributionConfig", "cloudfront:UpdateDistribution",
			"lambda:DisableReplication*", "lambda:EnableReplication*", "lambda:GetFunction", "wafv2:GetWebACL"], "Resource": "*"}]}`
)

// TestOneValueRotationFails runs the usual rotation: one value in one parameter, which
// changes at CloudFront first and in Parameter Store then. It must fail requests, though no
// function is killed and no call fails: a test that saw no failure here would see none of the
// stack's rotation either.
func TestOneValueRotationFails(t *testing.T) {
	s := attach(t)
	s.previewsUnchanged(t)
	m, err := s.rotateOneValue(t)
	m.log(t)
	if err := errors.Join(err, m.mustFail()); err != nil {
		t.Error(err)
	}
	t.Logf("the failures: %s", traffic.ByStatus(m.Failures))
}

// mustFail returns an error if no request failed.
func (m measurement) mustFail() error {
	if m.Requests > 0 && len(m.Failures) > 0 && m.mismatch > 0 {
		return nil
	}
	return fmt.Errorf("%d of %d requests failed, and for %s an edge could send a rejected value; want some of each: this test would not see a failure of the stack's rotation",
		len(m.Failures), m.Requests, m.mismatch)
}

// rotateOneValue measures the usual rotation on a copy of the stack's API and distribution.
// API Gateway caches an authorization for the same time as in the stack, so that the same
// traffic can be compared.
//
// It doesn't run at the same time as the stack's rotation, because the two ports lead to the
// newest distribution and API where a request names none.
func (s *suite) rotateOneValue(t testing.TB) (m measurement, err error) {
	ctx := t.Context()
	s.suspendSchedules(t) // the rotator's ticks would probe the copy of the API with the stack's keys
	o, err := s.deployOneValue(t)
	if err != nil {
		return m, err
	}
	if err := o.viewers.Check(ctx); err != nil {
		return m, fmt.Errorf("a request before the first rotation: %w", err)
	}
	watch := &observer{
		cloudFront: s.account.cloudFront, distribution: o.distributionID, header: s.header, keyring: s.onlyValue(o.parameter),
	}
	return measure(ctx, watch, traffic.Load{Targets: []traffic.Target{o.viewers}}, func() error {
		for _, wait := range evenly(oneValueRotations, o.ttl) {
			if err := pause(ctx, wait); err != nil {
				return err
			}
			if err := errors.Join(s.setSomeFleet(ctx), o.rotate(ctx)); err != nil {
				return err
			}
		}
		return pause(ctx, o.ttl) // rejections are cached that long
	})
}

// evenly returns count times, in a random order, that are spread evenly over a
// cache's time to live: what a rotation meets depends on the age of what is cached,
// and a schedule of hours is independent of that age.
func evenly(count int, ttl time.Duration) []time.Duration {
	all := make([]time.Duration, count)
	for i, at := range mathrand.Perm(count) {
		all[at] = ttl/2 + ttl*time.Duration(2*i+1)/time.Duration(2*count)
	}
	return all
}

// oneValue is a copy of the stack's API and distribution with one value in one parameter.
type oneValue struct {
	viewers        traffic.Target
	header         string
	parameter      string
	distributionID string
	rotator        function
	ttl            time.Duration // of API Gateway's authorizations
}

// rotate runs the function that replaces the value.
func (o oneValue) rotate(ctx context.Context) error {
	event, err := json.Marshal(map[string]string{"distributionId": o.distributionID, "header": o.header, "parameter": o.parameter})
	if err != nil {
		return err
	}
	if _, err := o.rotator.invoke(ctx, event); err != nil {
		return fmt.Errorf("rotate the one value: %w", err)
	}
	return nil
}

// onlyValue returns a function that reads a parameter as a keyring of one key, which is named
// after its version.
func (s *suite) onlyValue(parameter string) func(context.Context) ([]key, error) {
	return func(ctx context.Context) ([]key, error) {
		got, err := s.account.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &parameter, WithDecryption: aws.Bool(true)})
		if err != nil {
			return nil, fmt.Errorf("read the one value: %w", err)
		}
		return []key{{fmt.Sprintf("version %d", got.Parameter.Version), aws.ToString(got.Parameter.Value)}}, nil
	}
}

// deployOneValue creates it from copies of what the stack has, until the test ends.
func (s *suite) deployOneValue(t testing.TB) (o oneValue, err error) {
	ctx := t.Context()
	dir := t.TempDir()
	l := s.env.Checkout
	err = build.New(l).Compile(ctx, nil, build.Command{
		Name: "one-value", Dir: l.Root, Env: []string{"CGO_ENABLED=0", "GOOS=linux"},
		Args: []string{"go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", dir + "/", "./test/bench/baseline/authorizer", "./test/bench/baseline/rotator"},
	})
	if err != nil {
		return o, err
	}
	maker := fixture.New(awsclient.Config(s.cloud.Endpoint), oneValueName)
	e2etest.Cleanup(t, "remove the copy of API and distribution", maker.Remove)
	o.header, o.parameter = s.header, "/"+oneValueName+"/origin-key"
	value := rand.Text()
	if err := maker.Parameter(ctx, o.parameter, value); err != nil {
		return o, err
	}
	authorizer, err := s.oneValueFunctions(ctx, maker, dir, &o)
	if err != nil {
		return o, err
	}
	like, model, err := s.likeTheStack(ctx)
	if err != nil {
		return o, err
	}
	o.ttl = time.Duration(aws.ToInt32(like.AuthorizerResultTtlInSeconds)) * time.Second
	host, err := maker.API(ctx, fixture.Route{
		Key: "POST " + s.env.ModelsURL(""), Target: aws.ToString(model.IntegrationUri),
		Authorizer: &fixture.Authorizer{Name: oneValueName, Function: authorizer, IdentitySource: like.IdentitySource[0], TTL: o.ttl},
	})
	if err != nil {
		return o, err
	}
	id, domain, err := maker.Distribution(ctx, s.distributionID, host, value)
	o.distributionID, o.viewers = id, traffic.Distribution(s.env)
	o.viewers.Host = domain
	return o, err
}

// oneValueFunctions creates the functions, and returns the authorizer's ARN.
func (s *suite) oneValueFunctions(ctx context.Context, maker *fixture.Maker, dir string, o *oneValue) (authorizer string, err error) {
	role, err := maker.Role(ctx, oneValuePolicy)
	if err != nil {
		return "", err
	}
	for _, name := range []string{"authorizer", "rotator"} {
		files, err := fixture.Program(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		made, arn, err := maker.Function(ctx, fixture.Function{
			Name: name, Role: role, Files: files, Environment: map[string]string{"PARAMETER": o.parameter, "HEADER": o.header},
		})
		if err != nil {
			return "", err
		}
		if name == "authorizer" {
			authorizer = arn
		} else {
			o.rotator = function{s.account.lambda, made}
		}
	}
	return authorizer, nil
}

// likeTheStack returns the authorizer and the integration of the model that the stack's API
// has.
func (s *suite) likeTheStack(ctx context.Context) (gateway.Authorizer, gateway.Integration, error) {
	api := s.account.gateway
	ours, err := api.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: &s.apiID})
	if err != nil {
		return gateway.Authorizer{}, gateway.Integration{}, err
	}
	integrations, err := api.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: &s.apiID})
	if err != nil {
		return gateway.Authorizer{}, gateway.Integration{}, err
	}
	invoking := slices.DeleteFunc(integrations.Items, func(i gateway.Integration) bool {
		return i.IntegrationType != gateway.IntegrationTypeAwsProxy // the others are of the private route
	})
	authorizers := slices.DeleteFunc(ours.Items, func(a gateway.Authorizer) bool {
		return len(a.IdentitySource) != 1 // that of the private route requires a client, too
	})
	if len(authorizers) != 1 || len(invoking) != 1 {
		return gateway.Authorizer{}, gateway.Integration{}, fmt.Errorf(
			"the stack's API has %d authorizers with one identity source, and %d integrations with a function; the test copies one of each",
			len(authorizers), len(invoking))
	}
	return authorizers[0], invoking[0], nil
}

func TestEvenlyIsSpreadOverTheTTL(t *testing.T) {
	const ttl = 10 * time.Second
	waits := evenly(5, ttl)
	var seen [5]bool
	for _, wait := range waits {
		seen[(wait-ttl/2)/(ttl/5)] = true
		if wait < ttl/2 || wait > ttl*3/2 {
			t.Errorf("%s is outside of half to one and a half of %s", wait, ttl)
		}
	}
	if seen != [5]bool{true, true, true, true, true} {
		t.Errorf("not one in each fifth: %v", waits)
	}
}

func TestMustFail(t *testing.T) {
	m := goodMeasurement()
	if m.mustFail() == nil {
		t.Error("a measurement without a failed request passes")
	}
	m.Failures, m.mismatch = []traffic.Sample{{Err: errors.New("x")}}, 1
	if err := m.mustFail(); err != nil {
		t.Error(err)
	}
}
