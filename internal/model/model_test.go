package model_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/model"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

func TestTheFunctionMayInvokeItsModelOnly(t *testing.T) {
	recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := model.New(ctx, "model", &model.Args{
			Deployment: pulumitest.Deployment(t),
			Model:      settings.Model{ID: "amazon.nova-lite-v1:0", MaxTokens: 50},
		})
		return err
	})
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "WriteLog", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": ["arn:aws:mock:::LogGroup/model-function-logs:log-stream:*"]},
		{"Sid": "InvokeModel", "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": ["arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"]}
	]}`, recorder.Only(t, "aws:iam/rolePolicy:RolePolicy").Text("policy"))
	function := recorder.Only(t, "aws:lambda/function:Function")
	assert.Equal(t, "amazon.nova-lite-v1:0", function.Text("environment.variables.GATEHOUSE_MODEL_ID"))
	assert.Equal(t, "50", function.Text("environment.variables.GATEHOUSE_MODEL_MAX_TOKENS"))
}
