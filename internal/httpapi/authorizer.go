package httpapi

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/function"
)

// newAuthorizer declares the authorizer and the function that it invokes.
func (a *API) newAuthorizer(ctx *pulumi.Context, name string, args *Args) (err error) {
	a.Authorizer, err = function.New(ctx, name+"-authorizer", &function.Args{
		Deployment:  args.Deployment,
		Code:        "authorizer",
		Description: "Accepts requests with an origin key of " + args.Ring.Path,
		Timeout:     8, // below the 10 seconds that API Gateway waits
		Memory:      256,
		Environment: pulumi.StringMap{
			"GATEHOUSE_KEY_PATH":       pulumi.String(args.Ring.Path),
			"GATEHOUSE_ORIGIN_HEADER":  pulumi.String(args.Key.Header),
			"GATEHOUSE_RING_TTL":       pulumi.String(args.Key.MemoryTTL.String()),
			"GATEHOUSE_REFETCH_PERIOD": pulumi.String(args.Key.RefetchPeriod.String()),
			"GATEHOUSE_STALE_LIMIT":    pulumi.String(args.Key.StaleLimit.String()),
		},
		Statements: args.Ring.ReadStatements(),
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	authorizer, err := apigatewayv2.NewAuthorizer(ctx, name+"-origin-key", &apigatewayv2.AuthorizerArgs{
		ApiId:                          a.APIID,
		Name:                           pulumi.String("origin-key"),
		AuthorizerType:                 pulumi.String("REQUEST"),
		AuthorizerUri:                  a.Authorizer.InvokeARN,
		AuthorizerPayloadFormatVersion: pulumi.String("2.0"),
		EnableSimpleResponses:          pulumi.Bool(true),
		IdentitySources:                pulumi.StringArray{pulumi.String("$request.header." + args.Key.Header)},
		AuthorizerResultTtlInSeconds:   pulumi.Int(int(args.Gateway.AuthorizerTTL.Seconds())),
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	a.authorizerID = authorizer.ID().ToStringOutput()
	return a.allowInvoke(ctx, name+"-authorizer-permission", a.Authorizer,
		pulumi.Sprintf("%s/authorizers/%s", a.executionARN, authorizer.ID()))
}

// allowInvoke permits the API to invoke a function, from source only.
func (a *API) allowInvoke(ctx *pulumi.Context, name string, f *function.Function, source pulumi.StringInput) error {
	_, err := lambda.NewPermission(ctx, name, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  f.Name,
		Principal: pulumi.String("apigateway.amazonaws.com"),
		SourceArn: source,
	}, pulumi.Parent(a))
	return err
}
