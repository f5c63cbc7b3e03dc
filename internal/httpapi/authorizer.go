package httpapi

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// newAuthorizer declares the authorizer and the function that it invokes.
func (a *API) newAuthorizer(ctx *pulumi.Context, name string, args *Args) (err error) {
	a.Authorizer, err = function.New(ctx, name+"-authorizer", &function.Args{
		Deployment:  args.Deployment,
		Code:        "authorizer",
		Description: "Accepts requests with an origin key of " + args.Keyring.Path,
		Timeout:     8, // below the 10 seconds that API Gateway waits
		Memory:      256,
		Environment: args.authorizerEnvironment(),
		Statements:  args.authorizerStatements(),
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
	_, err = a.allowInvoke(ctx, name+"-authorizer-permission", a.Authorizer,
		pulumi.Sprintf("%s/authorizers/%s", a.executionARN, authorizer.ID()))
	return err
}

// authorizerEnvironment returns the variables of the authorizer.
func (a *Args) authorizerEnvironment() pulumi.StringMap {
	env := lambdaenv.Authorizer{
		KeyPath:       a.Keyring.Path,
		Header:        a.Key.Header,
		KeyringTTL:    a.Key.MemoryTTL,
		RefetchPeriod: a.Key.RefetchPeriod,
		StaleLimit:    a.Key.StaleLimit,
	}
	if !a.requireClient() {
		return pulumi.ToStringMap(env.Variables())
	}
	env.RequiresClient = true
	env.InferencePrice, env.Issuers = a.Clients.Settings.InferencePrice, a.Clients.Settings.Issuers
	variables := pulumi.ToStringMap(env.Variables())
	variables[lambdaenv.ClientsTableVariable] = a.Clients.TableName
	return variables
}

// authorizerStatements returns the permissions of the authorizer.
func (a *Args) authorizerStatements() []iampolicy.Statement {
	statements := a.Keyring.ReadStatements()
	if a.requireClient() {
		statements = append(statements, a.Clients.AuthorizerStatements()...)
	}
	return statements
}

// allowInvoke permits the API to invoke a function, from source only.
func (a *API) allowInvoke(ctx *pulumi.Context, name string, f *function.Function, source pulumi.StringInput) (*lambda.Permission, error) {
	return lambda.NewPermission(ctx, name, &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  f.Name,
		Principal: pulumi.String("apigateway.amazonaws.com"),
		SourceArn: source,
	}, pulumi.Parent(a))
}
