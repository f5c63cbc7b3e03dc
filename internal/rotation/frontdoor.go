package rotation

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// FrontDoor is what the rotator works on: the distribution whose header it changes,
// and the API that asks for the header.
type FrontDoor struct {
	DistributionID  pulumi.StringInput
	DistributionARN pulumi.StringInput
	DistributionURL pulumi.StringInput
	OriginID        string // the API among the distribution's origins
	APIID           pulumi.StringInput
	APIURL          pulumi.StringInput
	APIStage        string

	Attached Attached
}

// event is what the schedule hands to the rotator: all of it is public.
func (f FrontDoor) event() pulumi.StringOutput {
	return pulumi.JSONMarshal(map[string]any{
		"action":          "tick",
		"distributionId":  f.DistributionID,
		"distributionUrl": f.DistributionURL,
		"originId":        f.OriginID,
		"apiId":           f.APIID,
		"apiUrl":          f.APIURL,
		"apiStage":        f.APIStage,
	})
}

func (f FrontDoor) statements(d deployment.Deployment) []iampolicy.Statement {
	statements := []iampolicy.Statement{
		{
			Sid:       "ChangeHeader",
			Actions:   []string{"cloudfront:GetDistribution", "cloudfront:UpdateDistribution"},
			Resources: pulumi.StringArray{f.DistributionARN},
		},
		{
			Sid:     "ForgetAuthorizations",
			Actions: []string{"apigateway:DELETE"},
			// The API has one stage, whose name IAM may see as $default or as %24default.
			Resources: pulumi.StringArray{
				pulumi.Sprintf("arn:%s:apigateway:%s::/apis/%s/stages/*/cache/authorizers", d.Partition, d.Region, f.APIID),
			},
		},
	}
	return append(statements, f.Attached.statements()...)
}
