package stack_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// replacedBy lists the properties that the AWS provider can't change in place, by type:
// another value replaces the resource.
var replacedBy = map[string][]string{
	"aws:apigatewayv2/vpcLink:VpcLink":                          {"securityGroupIds", "subnetIds"},
	"aws:ec2/securityGroup:SecurityGroup":                       {"vpcId"},
	"aws:lb/listener:Listener":                                  {"loadBalancerArn"},
	"aws:lb/targetGroup:TargetGroup":                            {"vpcId"},
	"aws:lb/targetGroupAttachment:TargetGroupAttachment":        {"targetGroupArn"},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   {"securityGroupId"},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"securityGroupId"},
}

// movable lists the types that AWS updates in place.
var movable = []string{
	"aws:apigatewayv2/integration:Integration", // names a link and a listener
	"aws:cloudwatch/dashboard:Dashboard",
	"aws:cloudwatch/metricAlarm:MetricAlarm",
	"aws:cloudwatch/queryDefinition:QueryDefinition",
	"aws:lambda/function:Function", // Lambda takes another VPC
}

// TestAnotherVPCReplacesWhatCannotMove follows the resources that depend on the network's
// VPC. With another one, each must be replaced, unless AWS can update it. The AWS provider
// would update the others in place, which AWS rejects.
func TestAnotherVPCReplacesWhatCannotMove(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		replaced := map[string]bool{}
		for _, r := range recorder.All() { // in the order of dependencies
			if urn.URN(r.Request.GetParent()).Type() == "gatehouse:network:Network" {
				replaced[r.Type+" "+r.Name] = true
				continue
			}
			moving := dependentOn(r, replaced)
			switch forced := append(slices.Clone(replacedBy[r.Type]), r.Request.GetReplaceOnChanges()...); {
			case len(moving) == 0 || !r.Custom():
			case slices.ContainsFunc(moving, func(property string) bool { return slices.ContainsFunc(forced, isWithin(property)) }):
				replaced[r.Type+" "+r.Name] = true
			default:
				assert.Contains(t, movable, r.Type, "%s has %q of another VPC", r.Name, moving)
			}
		}
	})
}

// dependentOn returns the properties of a resource that come from one of these.
func dependentOn(r pulumitest.Registration, replaced map[string]bool) []string {
	var found []string
	for property, dependencies := range r.Request.GetPropertyDependencies() {
		if slices.ContainsFunc(dependencies.GetUrns(), func(u string) bool { return replaced[string(urn.URN(u).Type())+" "+urn.URN(u).Name()] }) {
			found = append(found, property)
		}
	}
	slices.Sort(found)
	return found
}

// isWithin reports whether a path is a property, or is within it.
func isWithin(property string) func(string) bool {
	return func(path string) bool {
		return path == property || len(path) > len(property) && path[:len(property)] == property && path[len(property)] == '.'
	}
}

// immutable lists the fields whose change an admission webhook rejects, and not the API
// server, by kind. The Kubernetes provider doesn't know them.
var immutable = map[string][]string{
	// AWS Load Balancer Controller, webhooks/elbv2/targetgroupbinding_validator.go.
	"kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding": {"spec.targetGroupARN", "spec.targetType", "spec.ipAddressType", "spec.vpcID"},
}

func TestFieldsImmutableByWebhookReplace(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			for _, field := range immutable[r.Type] {
				if r.Input(field).IsNull() {
					continue
				}
				assert.Contains(t, r.Request.GetReplaceOnChanges(), field, r.Name)
				assert.True(t, r.Request.GetDeleteBeforeReplace(), "%s keeps its name, %s", r.Name, r.Text("metadata.name"))
			}
		}
	})
}
