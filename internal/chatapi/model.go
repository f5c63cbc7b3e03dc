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

// Args configures a [Model].
type Args struct {
	Deployment deployment.Deployment
	APIPrefix  string // of all paths: "/api"
	Settings   config.Model

	// Lookup asks AWS in the models' region, where that is not the component's own.
	Lookup pulumi.InvokeOption

	// Place is where the function is in a VPC; nil outside of any.
	Place *Place
}

// Model is the function with what it needs.
type Model struct {
	pulumi.ResourceState

	Function *function.Function

	// Routes lead to the function: all that is below the prefix and leads nowhere else.
	Routes []httpapi.Route

	// SecurityGroupIDs are that of "model" in a VPC.
	SecurityGroupIDs pulumi.StringMap
}

// New declares the model's function. It may ask the models of args and nothing else.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Model, error) {
	m := &Model{SecurityGroupIDs: pulumi.StringMap{}}
	if err := ctx.RegisterComponentResource("gatehouse:model:Model", name, m, opts...); err != nil {
		return nil, err
	}
	statements, err := m.statements(ctx, args)
	if err != nil {
		return nil, err
	}
	place, err := m.newPlace(ctx, name, args)
	if err != nil {
		return nil, err
	}
	m.Function, err = function.New(ctx, name+"-function", &function.Args{
		Deployment:          args.Deployment,
		Code:                "model",
		Description:         "Answers the API of " + args.Deployment.Name,
		Timeout:             timeout,
		Memory:              args.Settings.Memory,
		ReservedConcurrency: args.Settings.ReservedConcurrency,
		Environment:         args.environment(),
		Statements:          statements,
		VPC:                 place,
	}, pulumi.Parent(m))
	if err != nil {
		return nil, err
	}
	m.Routes = routes(args.APIPrefix, m.Function)
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{
		"functionName":     m.Function.Name,
		"securityGroupIds": m.SecurityGroupIDs,
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
	env.ServerName = a.Place.PrivateModel.ServerName
	variables := pulumi.ToStringMap(env.Variables())
	variables[lambdaenv.BaseURLVariable] = pulumi.Sprintf("%s/v1", a.Place.PrivateModel.URL)
	return variables
}
