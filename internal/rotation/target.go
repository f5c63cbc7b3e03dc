package rotation

import (
	"encoding/json"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// Target names the distribution whose header the rotator changes, and the APIs that
// require the header.
type Target struct {
	DistributionID  pulumi.StringInput
	DistributionARN pulumi.StringInput
	DistributionURL pulumi.StringInput
	OriginID        string // the API among the distribution's origins
	APIID           pulumi.StringInput
	APIURL          pulumi.StringInput
	APIStage        string

	// The REST API that streams responses: nil and empty for none.
	StreamOriginID string
	StreamAPIID    pulumi.StringInput
	StreamAPIURL   pulumi.StringInput // with the stage
	StreamAPIStage string

	Attached Attached
}

// streams reports whether there is a REST API.
func (t Target) streams() bool { return t.StreamAPIID != nil }

// event returns the event that the schedule sends to the rotator: all of it is public.
func (t Target) event() pulumi.StringOutput {
	event := rotatorapi.Event{
		Action:   rotatorapi.Tick,
		OriginID: t.OriginID,
		APIStage: t.APIStage,
	}
	inputs := []any{t.DistributionID, t.DistributionURL, t.APIID, t.APIURL}
	if t.streams() {
		event.StreamOriginID, event.StreamAPIStage = t.StreamOriginID, t.StreamAPIStage
		inputs = append(inputs, t.StreamAPIID, t.StreamAPIURL)
	}
	return pulumi.All(inputs...).ApplyT(func(values []any) (string, error) {
		event := event
		fields := []*string{&event.DistributionID, &event.DistributionURL, &event.APIID, &event.APIURL, &event.StreamAPIID, &event.StreamAPIURL}
		for i, value := range values {
			*fields[i] = value.(string)
		}
		text, err := json.Marshal(event)
		return string(text), err
	}).(pulumi.StringOutput)
}

func (t Target) statements(d deployment.Deployment) []iampolicy.Statement {
	// The HTTP API has one stage, whose name IAM may see as $default or as %24default.
	caches := pulumi.StringArray{
		pulumi.Sprintf("arn:%s:apigateway:%s::/apis/%s/stages/*/cache/authorizers", d.Partition, d.Region, t.APIID),
	}
	if t.streams() {
		caches = append(caches,
			pulumi.Sprintf("arn:%s:apigateway:%s::/restapis/%s/stages/%s/cache/authorizers", d.Partition, d.Region, t.StreamAPIID, t.StreamAPIStage))
	}
	statements := []iampolicy.Statement{
		{
			Sid:       "ChangeHeader",
			Actions:   []string{"cloudfront:GetDistribution", "cloudfront:UpdateDistribution"},
			Resources: pulumi.StringArray{t.DistributionARN},
		},
		{
			Sid:       "FlushAuthorizerCache",
			Actions:   []string{"apigateway:DELETE"},
			Resources: caches,
		},
	}
	return append(statements, t.Attached.statements()...)
}

// Attached names the resources of other services that the distribution refers to.
// CloudFront requires permissions on them of each caller that updates a distribution, even
// if the update doesn't change the reference
// (CloudFront's developer guide, "Set up IAM permissions and roles for Lambda@Edge"; for
// web ACLs the error InvalidWebACLId says so).
type Attached struct {
	WebACLARN          pulumi.StringInput // nil for none
	FunctionVersionARN pulumi.StringInput // of the function at the origin; nil for none
}

func (a Attached) statements() []iampolicy.Statement {
	var statements []iampolicy.Statement
	if a.WebACLARN != nil {
		statements = append(statements, iampolicy.Statement{
			Sid:       "KeepFirewall",
			Actions:   []string{"wafv2:GetWebACL"},
			Resources: pulumi.StringArray{a.WebACLARN},
		})
	}
	if a.FunctionVersionARN != nil {
		statements = append(statements, iampolicy.Statement{
			Sid:       "KeepFunction",
			Actions:   []string{"lambda:DisableReplication*", "lambda:EnableReplication*", "lambda:GetFunction"},
			Resources: pulumi.StringArray{a.FunctionVersionARN.ToStringOutput().ApplyT(everyVersion).(pulumi.StringOutput)},
		})
	}
	return statements
}

// everyVersion returns the ARN of all versions of a function. A new one comes with new
// code, and is in the distribution before the role's policy could name it.
func everyVersion(versionARN string) string {
	return versionARN[:strings.LastIndexByte(versionARN, ':')+1] + "*"
}
