package rotation

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const keysARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/gatehouse/test/origin-key/*"

func declare(t *testing.T, ctx *pulumi.Context) (*Rotation, error) {
	t.Helper()
	return New(ctx, "rotation", &Args{Deployment: pulumitest.Deployment(t), Key: pulumitest.Settings(t).Key, Settings: pulumitest.Settings(t).Rotation})
}

func run(t *testing.T) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := declare(t, ctx)
		return err
	})
}

func TestCloudFrontIsHandedTheNewestSettledKeyAsASecret(t *testing.T) {
	var secret bool
	got := pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		r, err := declare(t, ctx)
		if err != nil {
			return nil, err
		}
		key := r.OriginKey(ctx, pulumi.String("known"), nil)
		secret = pulumi.IsSecret(key)
		return pulumi.Map{"originKey": key}, nil
	})
	assert.Equal(t, pulumitest.OriginKey, got["originKey"])
	assert.True(t, secret)
}

func TestOnlyAnUpdateReadsTheKeyring(t *testing.T) {
	const token = "aws:ssm/getParametersByPath:getParametersByPath"
	program := func(ctx *pulumi.Context) error {
		r, err := declare(t, ctx)
		if err != nil {
			return err
		}
		return ctx.RegisterResource("test:index:Distribution", "d", pulumi.Map{"key": r.OriginKey(ctx)}, &pulumi.CustomResourceState{})
	}
	assert.Contains(t, pulumitest.MustRun(t, program).Calls(), token)
	preview, err := pulumitest.Preview(program)
	require.NoError(t, err)
	assert.NotContains(t, preview.Calls(), token)
}

func TestTheFirstKeyLivesWithTheStack(t *testing.T) {
	recorder := run(t)
	invocation := recorder.Only(t, "aws:lambda/invocation:Invocation")
	assert.Equal(t, "CRUD", invocation.Text("lifecycleScope"))
	assert.JSONEq(t, `{"action":"create"}`, invocation.Text("input"))
	assert.Equal(t, "gatehouse-test-rotator", invocation.Text("functionName"))
	assert.Equal(t, []string{"result"}, invocation.Request.GetAdditionalSecretOutputs())
}

func TestTheRotatorMayChangeTheKeyringAndNothingElse(t *testing.T) {
	recorder := run(t)
	const onlyKeys = `"Condition": {"StringLike": {"kms:EncryptionContext:PARAMETER_ARN": "` + keysARN + `"}}`
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "WriteLog", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": ["arn:aws:mock:::LogGroup/rotation-rotator-logs:log-stream:*"]},
		{"Sid": "ReadKeyring", "Effect": "Allow", "Action": ["ssm:GetParametersByPath"], "Resource": ["arn:aws:ssm:eu-west-1:123456789012:parameter/gatehouse/test/origin-key"]},
		{"Sid": "DecryptKeys", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:aws:mock:::Key/rotation-kms"], `+onlyKeys+`},
		{"Sid": "ChangeKeyring", "Effect": "Allow", "Action": ["ssm:PutParameter", "ssm:DeleteParameters"], "Resource": ["`+keysARN+`"]},
		{"Sid": "EncryptKeys", "Effect": "Allow", "Action": ["kms:Encrypt"], "Resource": ["arn:aws:mock:::Key/rotation-kms"], `+onlyKeys+`}
	]}`, recorder.Only(t, "aws:iam/rolePolicy:RolePolicy").Text("policy"))
}

func TestTheKMSKeyRotatesAndServesTheKeyringOnly(t *testing.T) {
	key := run(t).Only(t, "aws:kms/key:Key")
	assert.True(t, key.Input("enableKeyRotation").BoolValue())
	assert.Contains(t, key.Text("policy"), `"kms:ViaService":"ssm.eu-west-1.amazonaws.com"`)
	assert.Contains(t, key.Text("policy"), `"kms:CallerAccount":"123456789012"`)
	assert.Contains(t, key.Text("policy"), `"kms:EncryptionContext:PARAMETER_ARN":"`+keysARN+`"`)
	for _, use := range []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"} {
		assert.NotContains(t, administration, use)
	}
}
