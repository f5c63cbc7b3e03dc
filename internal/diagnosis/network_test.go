package diagnosis

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The messages are those of AWS and of the AWS Load Balancer Controller.
func TestWhatHangsOnAVPC(t *testing.T) {
	for said, section := range map[string]string{
		"deleting Security Group (sg-0123456789abcdef0): operation error EC2: DeleteSecurityGroup, https response error StatusCode: 400, RequestID: 1, api error DependencyViolation: resource sg-0123456789abcdef0 has a dependent object": "in-use",
		"deleting EC2 Subnet (subnet-1): DependencyViolation: The subnet 'subnet-1' has dependencies and cannot be deleted.":                                                                                                                "in-use",
		"detaching EC2 Internet Gateway (igw-1): DependencyViolation: Network vpc-1 has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.":                                                "in-use",
		`admission webhook "vtargetgroupbinding.elbv2.k8s.aws" denied the request: TargetGroupBinding update may not change these fields: spec.targetGroupARN`:                                                                              "binding-stuck",
		`admission webhook "vtargetgroupbinding.elbv2.k8s.aws" denied the request: TargetGroup arn:aws:elasticloadbalancing:x is already bound to TargetGroupBinding gatehouse/model`:                                                       "binding-stuck",
	} {
		findings := Output(said)
		require.Len(t, findings, 1, said)
		assert.Equal(t, section, findings[0].Section)
		assert.NotEmpty(t, findings[0].Next)
	}
}
