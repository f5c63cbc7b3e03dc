package pipeline

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call is one line of calls.txt: an action that a role called in the local deployment, with
// its resource and the condition keys of the request.
type call struct {
	role, action, resource string
	given                  context
}

// calls returns the calls of the local deployment.
func calls(t testing.TB) []call {
	t.Helper()
	file, err := os.Open("calls.txt")
	require.NoError(t, err)
	defer file.Close()
	var all []call
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			all = append(all, parseCall(t, line))
		}
	}
	require.NotEmpty(t, all)
	return all
}

func parseCall(t testing.TB, line string) call {
	t.Helper()
	const head = 3
	fields := strings.Split(line, " ")
	require.GreaterOrEqual(t, len(fields), head, line)
	c := call{role: fields[0], action: fields[1], resource: fields[2], given: context{}}
	for _, field := range fields[head:] {
		key, value, ok := strings.Cut(field, "=")
		require.True(t, ok, line)
		c.given[key] = append(c.given[key], value)
	}
	return c
}

// calledActions returns the actions that each role called.
func calledActions(t testing.TB) map[string][]string {
	found := map[string][]string{}
	for _, c := range calls(t) {
		if !slices.Contains(found[c.role], c.action) {
			found[c.role] = append(found[c.role], c.action)
		}
	}
	require.NotEmpty(t, found["preview"])
	require.NotEmpty(t, found["deploy"])
	require.NotEmpty(t, found["verify"])
	return found
}

// alwaysAllowed needs no permission.
const alwaysAllowed = "sts:GetCallerIdentity"

// localNames are those of the local deployment, with what calls.txt has in place of
// what differs from run to run.
func localNames() Names {
	return Names{
		Partition: "aws", Region: "us-east-1", AccountID: "000000000000", Project: "gatehouse", Stack: "local",
		Boundary: "arn:aws:iam::000000000000:policy/pipeline/gatehouse-local-boundary", ZoneIDs: []string{"ZONE"},
	}
}

// The right for an action is none if it is for another resource, or under a condition
// that the call doesn't meet.
func TestRecordedCallsAreAllowed(t *testing.T) {
	p := load(t)
	roles := map[string]role{
		"preview": roleOf(localNames(), p.reading()...),
		"deploy":  roleOf(localNames(), slices.Concat(p.reading(), p.writing())...),
		"verify":  roleOf(localNames(), p.verifying()),
	}
	for _, c := range calls(t) {
		assert.True(t, c.action == alwaysAllowed || roles[c.role].allows(c.action, c.resource, c.given),
			"the %s role lacks %s on %s with %v: add it to permissions.yaml", c.role, c.action, c.resource, c.given)
	}
}

// Lambda, CloudWatch Logs and API Gateway spell what they authorize in ways of their
// own: these are AWS's own messages of refusals, with names of a stack.
func TestResourcesInAWSsOwnFormatsAreAllowed(t *testing.T) {
	tagged := context{"aws:ResourceTag/project": {"gatehouse"}, "aws:ResourceTag/stack": {"dev"}}
	for _, c := range []struct {
		action, resource string
		given            context
	}{
		{"apigateway:TagResource", "arn:aws:apigateway:us-east-1::/apis", nil},
		{"apigateway:TagResource", "arn:aws:apigateway:us-east-1::/apis/abc/stages", nil},
		{"apigateway:TagResource", "arn:aws:apigateway:us-east-1::/vpclinks", nil},
		{"apigateway:PUT", "arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fabc", nil},
		{"apigateway:PUT", "arn:aws:apigateway:us-east-1::/restapis/abc", nil},
		{"lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:gatehouse-dev-rotator:$LATEST", nil},
		{"logs:CreateLogGroup", "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-gatehouse-dev:log-stream:", nil},
		{"logs:TagResource", "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-gatehouse-dev", nil},
		{"ec2:DisassociateAddress", "arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-1", tagged},
		{"ec2:DisassociateAddress", "arn:aws:ec2:us-east-1:123456789012:network-interface/eni-1", nil},
		{"ec2:CreateSecurityGroup", "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1", nil},
		{"ec2:CreateSecurityGroup", "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1", tagged},
	} {
		assert.True(t, deployRole(t).allows(c.action, c.resource, c.given), "%s on %s", c.action, c.resource)
	}
}

func TestResourcesOfOtherStacksAreDenied(t *testing.T) {
	theirs := context{"aws:ResourceTag/project": {"gatehouse"}, "aws:ResourceTag/stack": {"prod"}}
	for _, c := range []struct{ action, resource string }{
		{"ec2:DisassociateAddress", "arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-1"},
		{"ec2:DeleteNetworkInterface", "arn:aws:ec2:us-east-1:123456789012:network-interface/eni-1"},
		{"ec2:CreateSecurityGroup", "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1"},
		{"cloudfront:GetDistribution", "arn:aws:cloudfront::123456789012:distribution/E1"},
		{"kms:PutKeyPolicy", "arn:aws:kms:us-east-1:123456789012:key/k"},
		{"kms:ScheduleKeyDeletion", "arn:aws:kms:us-east-1:123456789012:key/k"},
		{"kms:TagResource", "arn:aws:kms:us-east-1:123456789012:key/k"},
	} {
		assert.False(t, deployRole(t).allows(c.action, c.resource, theirs), "%s on %s", c.action, c.resource)
	}
}

// CloudWatch Logs checks a log group's name with and without what follows, depending
// on what is done to it.
func TestLogGroupsAreAllowedInBothFormats(t *testing.T) {
	for _, group := range []string{
		"us-east-1:123456789012:log-group:/aws/lambda/gatehouse-dev-rotator",
		"us-east-1:123456789012:log-group:/aws/vendedlogs/apigateway/gatehouse-dev",
		"us-east-1:123456789012:log-group:/gatehouse/dev/flow-logs",
		"us-east-1:123456789012:log-group:/aws/lambda/us-east-1.gatehouse-dev-edge-origin-1a2b3c4",
		"us-east-1:123456789012:log-group:aws-waf-logs-gatehouse-dev",
	} {
		for _, action := range []string{"logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DeleteLogGroup"} {
			assert.True(t, deployRole(t).allows(action, "arn:aws:logs:"+group+":log-stream:", nil), "%s on %s", action, group)
		}
		for _, action := range []string{"logs:TagResource", "logs:UntagResource"} {
			assert.True(t, deployRole(t).allows(action, "arn:aws:logs:"+group, nil), "%s on %s", action, group)
		}
		assert.True(t, previewRole(t).allows("logs:ListTagsForResource", "arn:aws:logs:"+group, nil), group)
	}
}

// Only updates read the keyring: they need the key for CloudFront to send.
func TestOnlyTheDeployRoleReadsTheKeyring(t *testing.T) {
	const ring = "arn:aws:ssm:us-east-1:123456789012:parameter/gatehouse/dev/origin-key"
	through := func(parameter string) context {
		return context{"kms:ViaService": {"ssm.us-east-1.amazonaws.com"}, "kms:EncryptionContext:PARAMETER_ARN": {parameter}}
	}
	const key = "arn:aws:kms:us-east-1:123456789012:key/k"
	assert.True(t, deployRole(t).allows("ssm:GetParametersByPath", ring, nil))
	assert.True(t, deployRole(t).allows("kms:Decrypt", key, through(ring+"/1")))
	assert.False(t, deployRole(t).allows("ssm:GetParametersByPath", "arn:aws:ssm:us-east-1:123456789012:parameter/gatehouse/prod/origin-key", nil))
	assert.False(t, deployRole(t).allows("kms:Decrypt", key, through("arn:aws:ssm:us-east-1:123456789012:parameter/gatehouse/prod/origin-key/1")))
	assert.False(t, deployRole(t).allows("kms:Decrypt", key, context{"kms:EncryptionContext:PARAMETER_ARN": {ring + "/1"}}), "only through Parameter Store")
	for _, action := range []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameterHistory"} {
		for _, parameter := range []string{ring, ring + "/1"} {
			assert.False(t, previewRole(t).allows(action, parameter, nil), action)
		}
	}
	assert.False(t, previewRole(t).allows("kms:Decrypt", key, through(ring+"/1")))
	assert.False(t, previewRole(t).mayCall("kms:Decrypt"))
}
