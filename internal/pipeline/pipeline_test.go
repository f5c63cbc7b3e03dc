package pipeline

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func testConfig(t testing.TB) config.Pipeline {
	t.Helper()
	s, err := config.LoadPipeline(map[string]string{
		"aws:region":                    "eu-west-1",
		"gatehouse-pipeline:repository": "acme/gatehouse",
		"gatehouse-pipeline:stacks":     `["dev", "prod"]`,
	})
	require.NoError(t, err)
	return s
}

func deploy(t testing.TB, s config.Pipeline) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, "pipeline", &Args{
			Partition: "aws", AccountID: pulumitest.AccountID, Project: "gatehouse", Settings: s,
		})
		return err
	})
}

type trustPolicy struct {
	Statement []struct {
		Effect, Action string
		Principal      map[string]string
		Condition      map[string]map[string]string
	}
}

func trustOf(t testing.TB, r *pulumitest.Recorder, role string) trustPolicy {
	t.Helper()
	var p trustPolicy
	text := r.Named(t, "aws:iam/role:Role", role).Text("assumeRolePolicy")
	require.NoError(t, json.Unmarshal([]byte(text), &p))
	return p
}

func TestRolesTrustOneEnvironmentEach(t *testing.T) {
	r := deploy(t, testConfig(t))
	for role, environment := range map[string]string{
		"pipeline-dev-preview":  "dev-preview",
		"pipeline-prod-preview": "prod-preview",
		"pipeline-dev-deploy":   "dev",
		"pipeline-prod-deploy":  "prod",
		"pipeline-dev-verify":   "dev-verify",
		"pipeline-prod-verify":  "prod-verify",
	} {
		statements := trustOf(t, r, role).Statement
		require.Len(t, statements, 1)
		s := statements[0]
		assert.Equal(t, "Allow", s.Effect)
		assert.Equal(t, "sts:AssumeRoleWithWebIdentity", s.Action)
		assert.Equal(t, map[string]string{"Federated": "arn:aws:mock:::OpenIdConnectProvider/pipeline-github"}, s.Principal)
		assert.Equal(t, map[string]map[string]string{"StringEquals": {
			"token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
			"token.actions.githubusercontent.com:sub": "repo:acme/gatehouse:environment:" + environment,
		}}, s.Condition, role)
	}
}

func TestPreviewRoleHasNoPolicyForWriting(t *testing.T) {
	r := deploy(t, testConfig(t))
	attached := map[string][]string{}
	for _, a := range r.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		attached[a.Text("role")] = append(attached[a.Text("role")], strings.TrimPrefix(a.Text("policyArn"), "arn:aws:mock:::Policy/pipeline-"))
	}
	reading := []string{"application-read", "operation-read"}
	writing := []string{"application-write", "balancer-write", "edge-write", "network-write", "operation-write"}
	prefixed := func(stack string, names []string) []string {
		var all []string
		for _, name := range names {
			all = append(all, stack+"-"+name)
		}
		return all
	}
	for _, stack := range []string{"dev", "prod"} {
		assert.ElementsMatch(t, prefixed(stack, reading), attached["gatehouse-"+stack+"-preview"])
		assert.ElementsMatch(t, prefixed(stack, append(writing, reading...)), attached["gatehouse-"+stack+"-deploy"])
		assert.Equal(t, prefixed(stack, []string{"verify"}), attached["gatehouse-"+stack+"-verify"])
	}
}

// largestAttachments is how many managed policies a role may have (IAM's user guide,
// "IAM and AWS STS quotas").
const largestAttachments = 10

func TestRolesHaveNoMorePoliciesThanIAMAllows(t *testing.T) {
	s := testConfig(t)
	s.StateBucket, s.SecretsKeyARN = "state", "arn:aws:kms:eu-west-1:123456789012:key/1"
	count := map[string]int{}
	for _, a := range deploy(t, s).OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		count[a.Text("role")]++
	}
	require.Len(t, count, 6)
	for role, policies := range count {
		assert.LessOrEqual(t, policies, largestAttachments, role)
	}
}

func TestExistingProviderIsUsed(t *testing.T) {
	s := testConfig(t)
	s.ProviderARN = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
	r := deploy(t, s)
	assert.Empty(t, r.OfType("aws:iam/openIdConnectProvider:OpenIdConnectProvider"))
	assert.Equal(t, s.ProviderARN, trustOf(t, r, "pipeline-dev-deploy").Statement[0].Principal["Federated"])
}

// The deploy role may change roles with the stack's name. None of the pipeline's is
// among them, or it could give itself what it likes.
func TestRolesCantChangeThemselves(t *testing.T) {
	for _, r := range deploy(t, testConfig(t)).All() {
		if r.Type == "aws:iam/role:Role" || r.Type == "aws:iam/policy:Policy" {
			assert.Equal(t, "/pipeline/", r.Text("path"), r.Name)
		}
	}
	bounded := context{"iam:PermissionsBoundary": {names("dev").Boundary}}
	assert.False(t, deployRole(t).allows("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/pipeline/gatehouse-dev-deploy", bounded))
	assert.False(t, deployRole(t).allows("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/gatehouse-prod-rotator", bounded))
	assert.False(t, deployRole(t).allows("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/gatehouse-dev-rotator", nil))
	assert.True(t, deployRole(t).allows("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/gatehouse-dev-rotator", bounded))
}
