package httpapi

import (
	"encoding/json"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StageName is the name of the default stage, which adds nothing to the path.
const StageName = "$default"

// accessLog lists the fields of an access log line. None has a header or the body,
// since one of the headers is the origin key.
var accessLog = map[string]string{
	"requestId":          "$context.requestId",
	"time":               "$context.requestTime",
	"ip":                 "$context.identity.sourceIp",
	"method":             "$context.httpMethod",
	"path":               "$context.path",
	"routeKey":           "$context.routeKey",
	"status":             "$context.status",
	"responseLength":     "$context.responseLength",
	"responseLatency":    "$context.responseLatency",
	"integrationStatus":  "$context.integrationStatus",
	"integrationLatency": "$context.integrationLatency",
	"integrationError":   "$context.integrationErrorMessage",
	"authorizerError":    "$context.authorizer.error",
	"originKey":          "$context.authorizer.originKey", // the name of the key that was accepted
	"error":              "$context.error.message",
}

// clientFields are those of requests on routes that require a client.
var clientFields = map[string]string{
	"client":    "$context.authorizer.client",
	"clientKey": "$context.authorizer.key", // the public id of the client's key
}

func (a *API) newStage(ctx *pulumi.Context, name string, args *Args) error {
	logs, err := cloudwatch.NewLogGroup(ctx, name+"-access-logs", &cloudwatch.LogGroupArgs{
		// Below /aws/vendedlogs, log delivery doesn't grow the account's only resource
		// policy for logs, whose size is limited.
		Name:            pulumi.String("/aws/vendedlogs/apigateway/" + args.Deployment.Name),
		RetentionInDays: pulumi.Int(args.Deployment.LogRetentionDays),
	}, pulumi.Parent(a), args.Deployment.HoldsData())
	if err != nil {
		return err
	}
	a.AccessLog = logs.Name
	fields := maps.Clone(accessLog)
	fields["stack"] = args.Deployment.Name
	if args.requireClient() {
		maps.Copy(fields, clientFields)
	}
	format, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	_, err = apigatewayv2.NewStage(ctx, name+"-stage", &apigatewayv2.StageArgs{
		ApiId:      a.APIID,
		Name:       pulumi.String(StageName),
		AutoDeploy: pulumi.Bool(true),
		AccessLogSettings: &apigatewayv2.StageAccessLogSettingsArgs{
			DestinationArn: logs.Arn,
			Format:         pulumi.String(string(format)),
		},
		DefaultRouteSettings: &apigatewayv2.StageDefaultRouteSettingsArgs{
			// Metrics per route cost extra; those of the stage don't.
			DetailedMetricsEnabled: pulumi.Bool(false),
			ThrottlingRateLimit:    pulumi.Float64(args.Gateway.ThrottleRate),
			ThrottlingBurstLimit:   pulumi.Int(args.Gateway.ThrottleBurst),
		},
	}, pulumi.Parent(a))
	return err
}
