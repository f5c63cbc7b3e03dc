package rotation

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	gateway "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/fixture"
	"github.com/gatehouse-iac/gatehouse/test/e2e/restore"
)

const (
	baselineName = "rotation-test-baseline"

	// baselinePolicy allows all that the baseline does.
	baselinePolicy = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:PutParameter", "cloudfront:GetDistributionConfig", "cloudfront:UpdateDistribution",
			"lambda:DisableReplication*", "lambda:EnableReplication*", "lambda:GetFunction", "wafv2:GetWebACL"], "Resource": "*"}]}`
)

// baseline is a front door like the stack's, with the other algorithm.
type baseline struct {
	front          door
	header         string
	parameter      string
	distributionID string
	rotator        function
	ttl            time.Duration // of API Gateway's authorizations
}

// buildBaseline makes it of copies of what the stack has, and notes what it made.
func (t *test) buildBaseline(ctx context.Context, s *progress.Step, made *restore.Changes) (b baseline, err error) {
	s.Doing("compiling")
	dir, err := os.MkdirTemp(t.stack.Layout.Run(""), "baseline-")
	if err != nil {
		return b, err
	}
	defer os.RemoveAll(dir)
	err = t.build.Compile(ctx, s, "baseline", t.stack.Layout.Root,
		"env", "CGO_ENABLED=0", "GOOS=linux", "go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", dir+"/", "./test/bench/baseline/authorizer", "./test/bench/baseline/rotator")
	if err != nil {
		return b, err
	}
	s.Doing("deploying")
	maker := fixture.New(awsclient.Config(t.cloud.Endpoint), baselineName, made)
	b.header, b.parameter = t.header, "/"+baselineName+"/origin-key"
	value := rand.Text()
	if err := maker.Parameter(ctx, b.parameter, value); err != nil {
		return b, err
	}
	authorizer, err := t.baselineFunctions(ctx, maker, dir, &b)
	if err != nil {
		return b, err
	}
	like, model, err := t.likeTheStack(ctx)
	if err != nil {
		return b, err
	}
	b.ttl = time.Duration(aws.ToInt32(like.AuthorizerResultTtlInSeconds)) * time.Second
	host, err := maker.API(ctx, fixture.Route{
		Key: "POST " + modelPath, Target: aws.ToString(model.IntegrationUri),
		Authorizer: &fixture.Authorizer{Name: baselineName, Function: authorizer, IdentitySource: like.IdentitySource[0], TTL: b.ttl},
	})
	if err != nil {
		return b, err
	}
	id, domain, err := maker.Distribution(ctx, t.distributionID, host, value)
	b.distributionID, b.front = id, door{url: t.front().url, host: domain}
	return b, err
}

// baselineFunctions makes the baseline's functions, and returns the authorizer's ARN.
func (t *test) baselineFunctions(ctx context.Context, maker *fixture.Maker, dir string, b *baseline) (authorizer string, err error) {
	role, err := maker.Role(ctx, baselinePolicy)
	if err != nil {
		return "", err
	}
	for _, name := range []string{"authorizer", "rotator"} {
		files, err := fixture.Program(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		made, arn, err := maker.Function(ctx, fixture.Function{
			Name: name, Role: role, Files: files, Environment: map[string]string{"PARAMETER": b.parameter, "HEADER": b.header},
		})
		if err != nil {
			return "", err
		}
		if name == "authorizer" {
			authorizer = arn
		} else {
			b.rotator = function{t.account.lambda, made}
		}
	}
	return authorizer, nil
}

// likeTheStack returns the authorizer and the way to the model that the stack's API
// has.
func (t *test) likeTheStack(ctx context.Context) (gateway.Authorizer, gateway.Integration, error) {
	api := t.account.gateway
	ours, err := api.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: &t.apiID})
	if err != nil {
		return gateway.Authorizer{}, gateway.Integration{}, err
	}
	integrations, err := api.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: &t.apiID})
	if err != nil {
		return gateway.Authorizer{}, gateway.Integration{}, err
	}
	invoking := slices.DeleteFunc(integrations.Items, func(i gateway.Integration) bool {
		return i.IntegrationType != gateway.IntegrationTypeAwsProxy // the others lead into the private network
	})
	if len(ours.Items) != 1 || len(invoking) != 1 || len(ours.Items[0].IdentitySource) != 1 {
		return gateway.Authorizer{}, gateway.Integration{}, fmt.Errorf(
			"the stack's API has %d authorizers and %d integrations with a function; the baseline copies one of each, with one identity source",
			len(ours.Items), len(invoking))
	}
	return ours.Items[0], invoking[0], nil
}
