package edgefunction

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func runOrigin(t *testing.T, change func(*config.Settings), problemsPrefix string) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		s := pulumitest.Settings(t)
		change(&s)
		_, err := NewOrigin(ctx, "edge-origin", &OriginArgs{
			Deployment:     pulumitest.Deployment(t),
			Edge:           s.Edge,
			Settings:       s.OriginFunction,
			ProblemsPrefix: problemsPrefix,
		})
		return err
	})
}

func TestOriginRequestFunctionMeetsCloudFrontsRequirements(t *testing.T) {
	f := runOrigin(t, unchanged, "").Only(t, "aws:lambda/function:Function")
	assert.Equal(t, "nodejs22.x", f.Text("runtime"))
	assert.Equal(t, "index.handler", f.Text("handler"))
	assert.Equal(t, []any{"x86_64"}, f.Input("architectures").Mappable())
	assert.Equal(t, resource.NewProperty(true), f.Input("publish"))
	assert.Equal(t, "arn:aws:mock:::Role/edge-origin-role", f.Text("role"))
	assert.True(t, f.Input("environment").IsNull(), "CloudFront rejects a function with environment variables")
	assert.True(t, f.Input("vpcConfig").IsNull())
	assert.True(t, f.Input("layers").IsNull())
	assert.True(t, f.Input("name").IsNull(), "a function that was left behind must not conflict with the next")
	assert.LessOrEqual(t, f.Input("timeout").NumberValue(), 30.0)
}

func code(t *testing.T, f pulumitest.Registration) string {
	t.Helper()
	assets, ok := f.Input("code").ArchiveValue().GetAssets()
	require.True(t, ok)
	require.Len(t, assets, 1)
	text, ok := assets["index.mjs"].(*resource.Asset).GetText()
	require.True(t, ok)
	return text
}

func TestOriginRequestFunctionHasTheSettings(t *testing.T) {
	f := runOrigin(t, func(s *config.Settings) {
		s.Edge.BodyLimit = 4096
		s.Edge.ContentTypes = []string{"application/json", "multipart/form-data"}
	}, "/problems").Only(t, "aws:lambda/function:Function")
	assert.Equal(t, map[string]any{
		"requestIdHeader": "x-request-id", "countryHeader": "x-viewer-country", "bodyLimit": 4096.0,
		"contentTypes": []any{"application/json", "multipart/form-data"}, "problemsPrefix": "/problems",
	}, compiledIn(t, code(t, f)))
}

func TestLambdaAndItsReplicasMayAssumeTheRole(t *testing.T) {
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Lambda", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": "lambda.amazonaws.com"}},
		{"Sid": "Replicas", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": "edgelambda.amazonaws.com"}}
	]}`, runOrigin(t, unchanged, "").Only(t, "aws:iam/role:Role").Text("assumeRolePolicy"))
}

func TestOriginRequestFunctionMayOnlyLogInAllRegions(t *testing.T) {
	recorder := runOrigin(t, unchanged, "")
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "WriteLogAnywhere", "Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
			"Resource": [
				"arn:aws:logs:*:123456789012:log-group:/aws/lambda/us-east-1.edge-origin",
				"arn:aws:logs:*:123456789012:log-group:/aws/lambda/us-east-1.edge-origin:*"
			]}
	]}`, recorder.Only(t, "aws:iam/rolePolicy:RolePolicy").Text("policy"))
	logs := recorder.Only(t, "aws:cloudwatch/logGroup:LogGroup")
	assert.Equal(t, "/aws/lambda/us-east-1.edge-origin", logs.Text("name"))
	assert.InDelta(t, 30, logs.Input("retentionInDays").NumberValue(), 0)
}

func TestDeletionWaitsForTheReplicasOrIsSkipped(t *testing.T) {
	f := runOrigin(t, func(s *config.Settings) { s.OriginFunction.DeleteTimeout = 5 * time.Hour }, "").Only(t, "aws:lambda/function:Function")
	assert.Equal(t, "5h0m0s", f.Request.GetCustomTimeouts().GetDelete())
	assert.Equal(t, resource.NewProperty(false), f.Input("skipDestroy"))

	f = runOrigin(t, func(s *config.Settings) { s.OriginFunction.SkipDestroy = true }, "").Only(t, "aws:lambda/function:Function")
	assert.Equal(t, resource.NewProperty(true), f.Input("skipDestroy"))
}
