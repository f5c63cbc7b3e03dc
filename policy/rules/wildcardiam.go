package rules

import (
	"fmt"
	"slices"
	"strings"
)

// wildcardIAM covers wildcards in policies. It accepts an asterisk at the end of a
// resource's name, for names that are generated later: internal/stack lists each with its
// reason.
var wildcardIAM = Rule{
	Name:        "wildcard-iam",
	Description: "Policies list what they allow.",
	check: func(r Resource) problems {
		all, unread := allowed(r)
		p := unread
		for _, s := range all {
			s.check(&p)
		}
		for _, arn := range attached(r) {
			p.unless(!isBroad(arn.text()), fmt.Sprintf("%s allows nearly everything: use a policy that lists the required actions", arn.text()))
		}
		return p
	},
}

func (s statement) check(p *problems) {
	for _, action := range s.Action {
		p.unless(!strings.Contains(action, "*") || slices.Contains(withStar, action), fmt.Sprintf("a policy allows %q: list the actions", action))
	}
	p.unless(len(s.NotAction) == 0, "a policy allows all actions but those of NotAction: list those that it allows")
	p.unless(len(s.NotResource) == 0, "a policy covers all resources but those of NotResource: list those that it covers")
	// In a resource policy, the asterisk stands for that resource.
	if len(s.Principal) > 0 || len(s.NotPrincipal) > 0 {
		return
	}
	for _, resource := range s.Resource {
		p.unless(!isAnything(resource) || s.knowsNoResource() || s.attachesToNetwork(),
			fmt.Sprintf("a policy allows %s on %q: name the resources", strings.Join(s.Action, ", "), resource))
	}
}

// withStar are single actions that AWS requires with an asterisk in a policy (CloudFront's
// developer guide, "Set up IAM permissions and roles for Lambda@Edge").
var withStar = []string{"lambda:DisableReplication*", "lambda:EnableReplication*"}

// isAnything reports whether a resource matches more than named resources of one service:
// an asterisk alone, or one in place of the service, the account or the kind.
func isAnything(resource string) bool {
	const service, account, name = 2, 4, 5
	parts := strings.SplitN(resource, ":", name+1)
	return len(parts) <= name || strings.Contains(parts[service], "*") || strings.Contains(parts[account], "*") || strings.HasPrefix(parts[name], "*")
}

// withoutResource are actions that IAM can't limit to a resource (Service
// Authorization Reference).
var withoutResource = []string{
	"cloudwatch:GetMetricData", "ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
	"logs:DescribeLogGroups", "sts:GetCallerIdentity", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
}

func (s statement) knowsNoResource() bool {
	return !slices.ContainsFunc(s.Action, func(action string) bool { return !slices.Contains(withoutResource, action) })
}

// networkInterfaces are the actions with which Lambda attaches a function to a VPC. The
// network interfaces can't be named before they exist.
var networkInterfaces = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
	"ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}

// attachesToNetwork reports whether a statement permits Lambda to do so, and not the code
// that runs with the same role.
func (s statement) attachesToNetwork() bool {
	return len(s.Condition["ArnNotEquals"]["lambda:SourceFunctionArn"]) > 0 &&
		!slices.ContainsFunc(s.Action, func(action string) bool { return !slices.Contains(networkInterfaces, action) })
}

// attached returns the ARNs of policies that are attached to a role, user or group.
func attached(r Resource) []value {
	switch r.Type {
	case "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/userPolicyAttachment:UserPolicyAttachment",
		"aws:iam/groupPolicyAttachment:GroupPolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment":
		return []value{r.at("policyArn")}
	case "aws:iam/role:Role":
		return r.at("managedPolicyArns").each()
	default:
		return nil
	}
}

func isBroad(policyARN string) bool {
	name := policyARN[strings.LastIndex(policyARN, "/")+1:]
	return name == "AdministratorAccess" || name == "PowerUserAccess" || name == "IAMFullAccess" || strings.HasSuffix(name, "FullAccess")
}
