// Package model is the function that answers the public API: conversations with a
// model, and what there is to know about them.
package chatapi

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// timeout lies just below the 30 seconds after which an HTTP API gives up on an
// integration, so that the function can still answer for itself.
const timeout = 29

// Args configures a [API].
type Args struct {
	Deployment deployment.Deployment
	APIPrefix  string // of all paths: "/api"
	Settings   config.Model

	// Lookup asks AWS in the models' region, where that is not the component's own.
	Lookup pulumi.InvokeOption

	// Place is where the function is in a VPC; nil outside of any.
	VPC *VPCConfig
}

// API is the function that serves the API, with its role and its network access.
type API struct {
	pulumi.ResourceState

	Function *function.Function

	// Routes lead to the function: all that is below the prefix and leads nowhere else.
	Routes []httpapi.Route

	// SecurityGroupIDs are that of "model" in a VPC.
	SecurityGroupIDs pulumi.StringMap
}

// New declares the model's function. It may ask the models of args and nothing else.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*API, error) {
	c := &API{SecurityGroupIDs: pulumi.StringMap{}}
	if err := ctx.RegisterComponentResource("gatehouse:model:Model", name, c, opts...); err != nil {
		return nil, err
	}
	statements, err := c.statements(ctx, args)
	if err != nil {
		return nil, err
	}
	vpcConfig, err := c.newVPC(ctx, name, args)
	if err != nil {
		return nil, err
	}
	c.Function, err = function.New(ctx, name+"-function", &function.Args{
		Deployment:          args.Deployment,
		Code:                "model",
		Description:         "Answers the API of " + args.Deployment.Name,
		Timeout:             timeout,
		Memory:              args.Settings.Memory,
		ReservedConcurrency: args.Settings.ReservedConcurrency,
		Environment:         args.environment(),
		Statements:          statements,
		VPC:                 vpcConfig,
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	c.Routes = routes(args.APIPrefix, c.Function)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"functionName":     c.Function.Name,
		"securityGroupIds": c.SecurityGroupIDs,
	})
}

func (a *Args) environment() pulumi.StringMap {
	s := a.Settings
	env := lambdaenv.Model{
		Stack:      a.Deployment.Name,
		APIPrefix:  a.APIPrefix,
		Backend:    s.Backend,
		ModelIDs:   s.IDs(),
		MaxTokens:  s.MaxTokens,
		MaxBody:    s.MaxBody,
		LogContent: s.LogContent,
	}
	if s.Backend == lambdaenv.BackendBedrock {
		env.Region = s.Region
		env.GuardrailID, env.GuardrailVersion = s.Guardrail.ID, s.Guardrail.Version
		return pulumi.ToStringMap(env.Variables())
	}
	env.BaseURL, env.APIKeyParameter = s.Server.BaseURL, s.Server.APIKeyParameter
	if !a.usesPrivateModel() {
		return pulumi.ToStringMap(env.Variables())
	}
	env.ServerName = a.VPC.PrivateModel.ServerName
	variables := pulumi.ToStringMap(env.Variables())
	variables[lambdaenv.BaseURLVariable] = pulumi.Sprintf("%s/v1", a.VPC.PrivateModel.URL)
	return variables
}
