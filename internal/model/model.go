// Package model is the function that answers POST /api/models with a Bedrock model.
package model

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/policy"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

// timeout lies just below the 30 seconds after which an HTTP API gives up on an
// integration, so that the function can still answer for itself.
const timeout = 29

// Args configures a [Model].
type Args struct {
	Deployment deployment.Deployment
	Model      settings.Model
}

// Model is the model's function.
type Model struct {
	pulumi.ResourceState

	Function *function.Function
}

// New declares the model's function. It may invoke the model of args and nothing
// else.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Model, error) {
	m := &Model{}
	if err := ctx.RegisterComponentResource("gatehouse:model:Model", name, m, opts...); err != nil {
		return nil, err
	}
	var err error
	m.Function, err = function.New(ctx, name+"-function", &function.Args{
		Deployment:  args.Deployment,
		Code:        "model",
		Description: "Answers POST /api/models with " + args.Model.ID,
		Timeout:     timeout,
		Memory:      256,
		Environment: pulumi.StringMap{
			"GATEHOUSE_MODEL_ID":         pulumi.String(args.Model.ID),
			"GATEHOUSE_MODEL_MAX_TOKENS": pulumi.String(strconv.Itoa(args.Model.MaxTokens)),
		},
		Statements: []policy.Statement{{
			Sid:       "InvokeModel",
			Actions:   []string{"bedrock:InvokeModel"}, // Converse is authorized as InvokeModel
			Resources: pulumi.StringArray{pulumi.String(foundationModelARN(args.Deployment, args.Model.ID))},
		}},
	}, pulumi.Parent(m))
	if err != nil {
		return nil, err
	}
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{"functionName": m.Function.Name})
}

// foundationModelARN leaves the account empty: foundation models belong to AWS.
func foundationModelARN(d deployment.Deployment, id string) string {
	return fmt.Sprintf("arn:%s:bedrock:%s::foundation-model/%s", d.Partition, d.Region, id)
}
