// Package restapi declares the REST API that streams responses: the distribution's second
// origin, beside the HTTP API, which can't stream. Its requests are accepted by the same
// authorizer.
package restapi

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
)

// StageName names the API's only stage, which is the first segment of its paths.
const StageName = "live"

// Paths are the paths below the API's prefix of which all requests come to this API. The
// second is for clients that insist on a version.
var Paths = []string{"/chat", "/v1/chat"}

// integrationMargin is the time in which the function itself, or Lambda, ends a response
// before API Gateway does.
const integrationMargin = 4 * time.Second

// Args configures an [API].
type Args struct {
	Deployment deployment.Deployment
	Gateway    config.Gateway
	Key        config.Key

	// Authorizer is the HTTP API's: both share its cached keyring.
	Authorizer *function.Function
	// Function streams its responses. Timeout is the model's.
	Function *function.Function
	Timeout  time.Duration
}

// API is a REST API with its stage. Its outputs are known when it works, so that CloudFront
// sends no request before.
type API struct {
	pulumi.ResourceState

	APIID      pulumi.StringOutput
	Name       pulumi.StringOutput // by which its metrics are known
	URL        pulumi.StringOutput // with the stage, without a slash at its end
	DomainName pulumi.StringOutput // the URL's host
}

// New declares the API.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*API, error) {
	a := &API{}
	if err := ctx.RegisterComponentResource("gatehouse:restapi:RestApi", name, a, opts...); err != nil {
		return nil, err
	}
	body := args.body()
	api, err := apigateway.NewRestApi(ctx, name+"-api", &apigateway.RestApiArgs{
		Name:        pulumi.String(args.Deployment.Name + "-stream"),
		Description: pulumi.String("Accepts only requests through CloudFront, and streams responses"),
		Body:        body,
		// A Region without response streaming would otherwise send whole responses.
		FailOnWarnings: pulumi.Bool(true),
		// The default ends a stream after 30 seconds of silence.
		EndpointConfiguration: &apigateway.RestApiEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")},
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	stage, err := a.newStage(ctx, name, args, api, body)
	if err != nil {
		return nil, err
	}
	ready, err := a.allowInvoke(ctx, name, args, api)
	if err != nil {
		return nil, err
	}
	settings, err := a.newThrottling(ctx, name, args, api, stage)
	if err != nil {
		return nil, err
	}
	a.complete(api, stage, append(ready, settings.ID()))
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"apiId": a.APIID, "url": a.URL})
}

// complete sets the outputs, which wait for what ready lists.
func (a *API) complete(api *apigateway.RestApi, stage *apigateway.Stage, ready []pulumi.IDOutput) {
	inputs := []any{stage.InvokeUrl}
	for _, id := range ready {
		inputs = append(inputs, id)
	}
	a.APIID, a.Name = api.ID().ToStringOutput(), api.Name
	a.URL = pulumi.All(inputs...).ApplyT(func(values []any) string { return values[0].(string) }).(pulumi.StringOutput)
	a.DomainName = a.URL.ApplyT(func(url string) string {
		return strings.TrimSuffix(strings.TrimPrefix(url, "https://"), "/"+StageName)
	}).(pulumi.StringOutput)
}

// body returns the API's description.
func (args *Args) body() pulumi.StringOutput {
	return pulumi.All(args.Function.ARN, args.Authorizer.ARN).ApplyT(func(arns []any) (string, error) {
		d := document{
			name:          args.Deployment.Name + "-stream",
			header:        args.Key.Header,
			functionURI:   args.invocations("2021-11-15", arns[0].(string), "response-streaming-invocations"),
			authorizerURI: args.invocations("2015-03-31", arns[1].(string), "invocations"),
			authorizerTTL: args.Gateway.AuthorizerTTL,
			timeout:       args.Timeout + integrationMargin,
		}
		for _, path := range Paths {
			d.paths = append(d.paths, args.Gateway.Prefix+path+proxyPath)
		}
		return d.json()
	}).(pulumi.StringOutput)
}

// invocations returns the URI by which API Gateway invokes a function. The provider has
// no output for the one that streams.
func (args *Args) invocations(version, functionARN, operation string) string {
	d := args.Deployment
	return fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/%s/functions/%s/%s", d.Partition, d.Region, version, functionARN, operation)
}

// allowInvoke permits this API alone to invoke the functions.
func (a *API) allowInvoke(ctx *pulumi.Context, name string, args *Args, api *apigateway.RestApi) ([]pulumi.IDOutput, error) {
	var ids []pulumi.IDOutput
	for _, permission := range []struct {
		name     string
		function *function.Function
		source   string // below the API's ARN
	}{
		{"-authorizer-permission", args.Authorizer, "/authorizers/*"},
		{"-permission", args.Function, "/" + StageName + "/*" + args.Gateway.Prefix + "/*"},
	} {
		p, err := lambda.NewPermission(ctx, name+permission.name, &lambda.PermissionArgs{
			Action:    pulumi.String("lambda:InvokeFunction"),
			Function:  permission.function.Name,
			Principal: pulumi.String("apigateway.amazonaws.com"),
			SourceArn: pulumi.Sprintf("%s%s", api.ExecutionArn, permission.source),
		}, pulumi.Parent(a))
		if err != nil {
			return nil, err
		}
		ids = append(ids, p.ID())
	}
	return ids, nil
}
