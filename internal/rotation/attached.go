package rotation

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// Attached is what the distribution has of other services. CloudFront wants
// rights on it from each caller that updates a distribution, also where the update
// leaves it as it is
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

// everyVersion is the ARN of all versions of a function. A new one comes with new code,
// and is in the distribution before the role's policy could name it.
func everyVersion(versionARN string) string {
	return versionARN[:strings.LastIndexByte(versionARN, ':')+1] + "*"
}
