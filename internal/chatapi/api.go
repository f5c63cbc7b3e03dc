// Package chatapi declares the Lambda function that serves the model API, with its
// routes, its permissions and its VPC attachment. The function's code is in lambda/model.
package chatapi

import (
	"maps"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
)

// timeout is just below the 30 seconds of an HTTP API's integration timeout, so that the
// function can still respond itself.
const timeout = 29

// Args configures a [API].
type Args struct {
	Deployment deployment.Deployment
	APIPrefix  string // of all paths: "/api"
	Settings   config.Model

	// Lookup has the provider for the models' region, if that is not the component's own.
	Lookup pulumi.InvokeOption

	// VPC attaches the function to a VPC; nil for none.
	VPC *VPCConfig
}

// API is the function that serves the API, with its role and its network access.
type API struct {
	pulumi.ResourceState

	Function *function.Function

	// Routes are the API's routes to the function: its endpoints, and all other paths below
	// the prefix.
	Routes []httpapi.Route

	// SecurityGroupIDs has the function's group as "model" if it is in a VPC.
	SecurityGroupIDs pulumi.StringMap
}

// New declares the function. It may invoke the models of args and no others.
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
		Description:         "Serves the model API of " + args.Deployment.Name,
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
	common := pulumi.StringMap{
		"GATEHOUSE_STACK":             pulumi.String(a.Deployment.Name),
		"GATEHOUSE_API_PREFIX":        pulumi.String(a.APIPrefix),
		"GATEHOUSE_MODEL_BACKEND":     pulumi.String(s.Backend),
		"GATEHOUSE_MODEL_IDS":         pulumi.String(strings.Join(s.IDs(), ",")),
		"GATEHOUSE_MODEL_MAX_TOKENS":  pulumi.String(strconv.Itoa(s.MaxTokens)),
		"GATEHOUSE_MODEL_MAX_BODY":    pulumi.String(strconv.Itoa(s.MaxBody)),
		"GATEHOUSE_MODEL_LOG_CONTENT": pulumi.String(strconv.FormatBool(s.LogContent)),
	}
	own := a.bedrockEnvironment()
	if s.Backend == config.BackendOpenAI {
		own = a.serverEnvironment()
	}
	maps.Copy(common, own)
	return common
}

func (a *Args) bedrockEnvironment() pulumi.StringMap {
	variables := pulumi.StringMap{}
	if a.Settings.Region != "" {
		variables["GATEHOUSE_MODEL_REGION"] = pulumi.String(a.Settings.Region)
	}
	if g := a.Settings.Guardrail; g.ID != "" {
		variables["GATEHOUSE_GUARDRAIL_ID"] = pulumi.String(g.ID)
		variables["GATEHOUSE_GUARDRAIL_VERSION"] = pulumi.String(g.Version)
	}
	return variables
}

func (a *Args) serverEnvironment() pulumi.StringMap {
	variables := pulumi.StringMap{"GATEHOUSE_MODEL_BASE_URL": pulumi.String(a.Settings.Server.BaseURL)}
	if a.usesPrivateModel() {
		variables["GATEHOUSE_MODEL_BASE_URL"] = pulumi.Sprintf("%s/v1", a.VPC.PrivateModel.URL)
		if name := a.VPC.PrivateModel.ServerName; name != "" {
			variables["GATEHOUSE_MODEL_SERVER_NAME"] = pulumi.String(name)
		}
	}
	if parameter := a.Settings.Server.APIKeyParameter; parameter != "" {
		variables["GATEHOUSE_MODEL_API_KEY_PARAMETER"] = pulumi.String(parameter)
	}
	return variables
}
