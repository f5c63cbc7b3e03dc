package restapi

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newStage declares a deployment of the description, and the stage that serves it. Each
// change of the description needs another deployment; the stage moves to the new one
// before the old one is deleted.
func (a *API) newStage(ctx *pulumi.Context, name string, args *Args, api *apigateway.RestApi, body pulumi.StringOutput) (*apigateway.Stage, error) {
	deployment, err := apigateway.NewDeployment(ctx, name+"-deployment", &apigateway.DeploymentArgs{
		RestApi:  api.ID(),
		Triggers: pulumi.StringMap{"body": body.ApplyT(digest).(pulumi.StringOutput)},
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	return apigateway.NewStage(ctx, name+"-stage", &apigateway.StageArgs{
		RestApi:            api.ID(),
		Deployment:         deployment.ID(),
		StageName:          pulumi.String(StageName),
		XrayTracingEnabled: pulumi.Bool(args.Deployment.Lambda.Tracing),
	}, pulumi.Parent(a))
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// newThrottling limits the requests as the HTTP API does. The stage writes no log of its
// own: that needs a role that all REST APIs of the account share in the Region, which one
// stack can't own. The function has a line for each request, and CloudFront's access logs
// have the others.
func (a *API) newThrottling(ctx *pulumi.Context, name string, args *Args, api *apigateway.RestApi, stage *apigateway.Stage) (*apigateway.MethodSettings, error) {
	return apigateway.NewMethodSettings(ctx, name+"-settings", &apigateway.MethodSettingsArgs{
		RestApi:    api.ID(),
		StageName:  stage.StageName,
		MethodPath: pulumi.String("*/*"),
		Settings: &apigateway.MethodSettingsSettingsArgs{
			ThrottlingRateLimit:  pulumi.Float64(args.Gateway.ThrottleRate),
			ThrottlingBurstLimit: pulumi.Int(args.Gateway.ThrottleBurst),
			MetricsEnabled:       pulumi.Bool(false), // metrics per method cost extra; those of the stage don't
			LoggingLevel:         pulumi.String("OFF"),
		},
	}, pulumi.Parent(a))
}
