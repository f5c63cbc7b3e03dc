package stack_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// replacedBy are the properties that the AWS provider can't change in place, by type:
// another value makes another resource.
var replacedBy = map[string][]string{
	"aws:apigatewayv2/vpcLink:VpcLink":                          {"securityGroupIds", "subnetIds"},
	"aws:ec2/securityGroup:SecurityGroup":                       {"vpcId"},
	"aws:lb/listener:Listener":                                  {"loadBalancerArn"},
	"aws:lb/targetGroup:TargetGroup":                            {"vpcId"},
	"aws:lb/targetGroupAttachment:TargetGroupAttachment":        {"targetGroupArn"},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   {"securityGroupId"},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"securityGroupId"},
}

// movable are the types that AWS leads elsewhere in place.
var movable = []string{
	"aws:apigatewayv2/integration:Integration", // names a link and a listener
	"aws:cloudwatch/dashboard:Dashboard",
	"aws:cloudwatch/metricAlarm:MetricAlarm",
	"aws:cloudwatch/queryDefinition:QueryDefinition",
	"aws:lambda/function:Function", // Lambda takes another VPC
}

// TestAnotherVPCMovesNothingThatCannotMove follows what depends on the VPC of the
// network. With another one, each resource has to be made anew, or to be one that AWS
// lets move. The AWS provider would update the others in place, which AWS refuses.
func TestAnotherVPCMovesNothingThatCannotMove(t *testing.T) {
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

// dependentOn are the properties of a resource that come from one of these.
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

// isWithin tells whether a path is a property, or lies in it.
func isWithin(property string) func(string) bool {
	return func(path string) bool {
		return path == property || len(path) > len(property) && path[:len(property)] == property && path[len(property)] == '.'
	}
}

// refused are the fields that an admission webhook, and not the API server, refuses to
// change, by kind. The Kubernetes provider doesn't know of them.
var refused = map[string][]string{
	// AWS Load Balancer Controller, webhooks/elbv2/targetgroupbinding_validator.go.
	"kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding": {"spec.targetGroupARN", "spec.targetType", "spec.ipAddressType", "spec.vpcID"},
}

func TestWhatAWebhookRefusesToChangeIsReplaced(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			for _, field := range refused[r.Type] {
				if r.Input(field).IsNull() {
					continue
				}
				assert.Contains(t, r.Request.GetReplaceOnChanges(), field, r.Name)
				assert.True(t, r.Request.GetDeleteBeforeReplace(), "%s keeps its name, %s", r.Name, r.Text("metadata.name"))
			}
		}
	})
}
