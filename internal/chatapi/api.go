// Package chatapi declares the Lambda function that serves the model API, with its
// routes, its permissions and its VPC attachment. The function's code is in lambda/model.
package chatapi

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/clients"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// timeout is just below the 30 seconds of an HTTP API's integration timeout, so that the
// function can still respond itself.
const timeout = 29

// streamMargin is the time in which the function that streams ends a response itself,
// after the model's time is over.
const streamMargin = 2 * time.Second

// Args configures a [API].
type Args struct {
	Deployment deployment.Deployment
	APIPrefix  string // of all paths: "/api"
	Playground bool   // serves the page to try the API
	Settings   config.Model

	// Streaming declares the second function, which streams; nil for none.
	Streaming *Streaming

	// Clients has the table of clients; nil if any viewer may ask.
	Clients *clients.Access

	// Lookup has the provider for the models' region, if that is not the component's own.
	Lookup pulumi.InvokeOption

	// VPC attaches the function to a VPC; nil for none.
	VPC *VPCConfig
}

// Streaming configures the function that streams responses.
type Streaming struct {
	Settings      config.Streaming
	AnswerTimeout time.Duration // of a response in one piece
}

// API is the function that serves the API, with its role and its network access.
type API struct {
	pulumi.ResourceState

	Function *function.Function

	// Stream is the function that streams responses: the same code behind a REST API. It is
	// nil without streaming. Its permissions are the same.
	Stream *function.Function

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
	profiles, err := c.lookUpProfiles(ctx, args)
	if err != nil {
		return nil, err
	}
	vpcConfig, err := c.newVPC(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if err := c.newFunctions(ctx, name, args, profiles, vpcConfig); err != nil {
		return nil, err
	}
	c.Routes = routes(args.APIPrefix, args.Playground, c.Function)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"functionName":     c.Function.Name,
		"securityGroupIds": c.SecurityGroupIDs,
	})
}

// newFunctions declares the function behind the HTTP API, and the one that streams if there
// is to be one.
func (c *API) newFunctions(ctx *pulumi.Context, name string, args *Args, profiles map[string]profile, vpcConfig *function.VPC) error {
	environment, err := args.environment(profiles, nil)
	if err != nil {
		return err
	}
	functionArgs := function.Args{
		Deployment:          args.Deployment,
		Code:                "model",
		Description:         "Serves the model API of " + args.Deployment.Name,
		Timeout:             timeout,
		Memory:              args.Settings.Memory,
		ReservedConcurrency: args.Settings.ReservedConcurrency,
		Environment:         environment,
		Statements:          args.statements(profiles, false),
		Policies:            args.clientPolicies(false),
		VPC:                 vpcConfig,
	}
	c.Function, err = function.New(ctx, name+"-function", &functionArgs, pulumi.Parent(c))
	if err != nil || args.Streaming == nil {
		return err
	}
	environment, err = args.environment(profiles, args.Streaming)
	if err != nil {
		return err
	}
	functionArgs.Name = "model-stream"
	functionArgs.Description = "Streams responses of the model API of " + args.Deployment.Name
	functionArgs.Timeout = int((args.Streaming.Settings.Timeout + streamMargin).Seconds())
	functionArgs.ReservedConcurrency = args.Streaming.Settings.ReservedConcurrency
	functionArgs.Environment = environment
	functionArgs.Statements = args.statements(profiles, true)
	functionArgs.Policies = args.clientPolicies(true)
	c.Stream, err = function.New(ctx, name+"-stream-function", &functionArgs, pulumi.Parent(c))
	return err
}

// maxEnvironment limits the sum of all names and values of variables, in bytes: Lambda's
// quota is 4 KB, of which a URL and a table's name that only the deployment knows need some.
const maxEnvironment = 4<<10 - 256

// environment returns the variables of a function; streaming is nil for the one behind
// the HTTP API. profiles are the inference profiles among the models, by id.
func (a *Args) environment(profiles map[string]profile, streaming *Streaming) (pulumi.StringMap, error) {
	s := a.Settings
	env := lambdaenv.Model{
		Stack:      a.Deployment.Name,
		APIPrefix:  a.APIPrefix,
		Backend:    s.Backend,
		ModelIDs:   s.IDs(),
		MaxTokens:  s.MaxTokens,
		MaxBody:    s.MaxBody,
		LogContent: s.LogContent,

		PassThrough:       s.PassThrough,
		RefuseUnsupported: s.RefuseUnsupported,
		Playground:        a.Playground,
	}
	if s.Backend == lambdaenv.BackendBedrock {
		env.Region = s.Region
		env.GuardrailID, env.GuardrailVersion = s.Guardrail.ID, s.Guardrail.Version
		env.PromptCaching, env.Foundations = s.PromptCaching, foundations(profiles)
	} else {
		env.BaseURL, env.APIKeyParameter = s.Server.BaseURL, s.Server.APIKeyParameter
	}
	if a.usesPrivateModel() {
		env.ServerName = a.VPC.PrivateModel.ServerName
	}
	if streaming != nil {
		env.Streaming, env.Heartbeat, env.AnswerTimeout = true, streaming.Settings.Heartbeat, streaming.AnswerTimeout
		if env.GuardrailID != "" {
			env.GuardrailStreaming = s.Guardrail.Streaming
		}
	}
	if a.Clients != nil {
		env.ClientAccess, env.ClientUsageDays = a.Clients.Settings.Access, a.Clients.Settings.UsageDays
		env.ModelPrices, env.Issuers = a.prices(), a.Clients.Settings.Issuers
	}
	known := env.Variables()
	if size := sizeOf(known); size > maxEnvironment {
		return nil, fmt.Errorf("the environment of the model's function has %d bytes; allowed: at most %d, "+
			"so shorten gatehouse:modelAllowedIds or gatehouse:modelPassThrough", size, maxEnvironment)
	}
	variables := pulumi.ToStringMap(known)
	if a.Clients != nil {
		variables[lambdaenv.ClientsTableVariable] = a.Clients.TableName
	}
	if a.usesPrivateModel() {
		variables[lambdaenv.BaseURLVariable] = pulumi.Sprintf("%s/v1", a.VPC.PrivateModel.URL)
	}
	return variables, nil
}

// prices returns the prices of the models as text, by id.
func (a *Args) prices() map[string]string {
	all := map[string]string{}
	for _, id := range a.Settings.IDs() {
		if p, priced := a.Clients.Settings.Prices[id]; priced {
			all[id] = p.String()
		}
	}
	return all
}

func sizeOf(variables map[string]string) int {
	size := 0
	for name, value := range variables {
		size += len(name) + len(value)
	}
	return size
}
