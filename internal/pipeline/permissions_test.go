package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

func names(stack string) Names {
	return Names{
		Partition: "aws", Region: "us-east-1", AccountID: pulumitest.AccountID, Project: "gatehouse", Stack: stack,
		Boundary: "arn:aws:iam::123456789012:policy/pipeline/gatehouse-" + stack + "-boundary",
	}
}

func load(t testing.TB) permissions {
	t.Helper()
	p, err := loadPermissions()
	require.NoError(t, err)
	require.NoError(t, p.check())
	return p
}

// explained returns the actions with a reason to be allowed although nothing calls them.
func explained(t testing.TB, p permissions) []string {
	t.Helper()
	var all []string
	for _, u := range p.Unseen {
		require.NotEmpty(t, u.Reason)
		all = append(all, u.Actions...)
	}
	return all
}

func TestAllowedActionsWereCalledOrHaveAReason(t *testing.T) {
	p, called := load(t), calledActions(t)
	reasons := explained(t, p)
	for _, action := range actions(p.reading()...) {
		assert.True(t, slices.Contains(called["preview"], action) || slices.Contains(reasons, action),
			"no preview called %s: take it from `read` in permissions.yaml, or say in `unseen` why it is needed", action)
	}
	for _, action := range actions(p.writing()...) {
		assert.True(t, slices.Contains(called["deploy"], action) || slices.Contains(reasons, action),
			"no deployment called %s: take it from permissions.yaml, or say in `unseen` why it is needed", action)
	}
	for _, action := range actions(p.verifying()) {
		assert.True(t, slices.Contains(called["verify"], action) || slices.Contains(reasons, action),
			"no verification called %s: take it from permissions.yaml, or say in `unseen` why it is needed", action)
	}
}

func TestVerifyRoleReachesOnlyItsOwnClientAndLogs(t *testing.T) {
	r, table := verifyRole(t), "arn:aws:dynamodb:us-east-1:123456789012:table/gatehouse-dev-clients"
	for key, allowed := range map[string]bool{"C#verify-a1b2c3d4": true, "K#1": true, "S": true, "C#acme": false, "C#anonymous": false, "J#1": false, "U#acme": false, "I#corp": false} {
		given := context{"dynamodb:LeadingKeys": {key}}
		for _, action := range []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"} {
			assert.Equal(t, allowed, r.allows(action, table, given), "%s of %s", action, key)
			assert.False(t, r.allows(action, table, nil), "without keys")
			assert.False(t, r.allows(action, strings.Replace(table, "dev", "prod", 1), given), key)
		}
	}
	rotator := "arn:aws:lambda:us-east-1:123456789012:function:gatehouse-%s"
	assert.True(t, r.allows("lambda:InvokeFunction", fmt.Sprintf(rotator, "dev-rotator"), nil))
	for _, other := range []string{"dev-issuers", "dev-model", "prod-rotator"} {
		assert.False(t, r.allows("lambda:InvokeFunction", fmt.Sprintf(rotator, other), nil), other)
	}
	const object = "arn:aws:s3:::gatehouse-%s-logs-20261201/AWSLogs/123456789012/CloudFront/E1.2026-12-01-12.a.gz"
	assert.True(t, r.allows("s3:ListBucket", "arn:aws:s3:::gatehouse-dev-logs-20261201", nil))
	assert.True(t, r.allows("s3:GetObject", fmt.Sprintf(object, "dev"), nil))
	assert.False(t, r.allows("s3:GetObject", fmt.Sprintf(object, "prod"), nil))
	assert.False(t, r.allows("s3:GetObject", "arn:aws:s3:::state/.pulumi/stacks/gatehouse/dev.json", nil))
	for _, action := range []string{"lambda:UpdateFunctionCode", "s3:PutObject", "s3:DeleteObject", "ssm:GetParametersByPath", "kms:Decrypt", "iam:PassRole", "logs:DeleteLogGroup"} {
		assert.False(t, r.mayCall(action), action)
	}
}

func TestReasonsAreForAllowedActionsThatWereNotCalled(t *testing.T) {
	p, called := load(t), calledActions(t)
	reading, writing, verifying := actions(p.reading()...), actions(p.writing()...), actions(p.verifying())
	for _, action := range explained(t, p) {
		read := slices.Contains(reading, action) && !slices.Contains(called["preview"], action)
		write := slices.Contains(writing, action) && !slices.Contains(called["deploy"], action)
		verify := slices.Contains(verifying, action) && !slices.Contains(called["verify"], action)
		assert.True(t, read || write || verify, "%s is not allowed, or was called: it needs no reason", action)
	}
}

// changing are prefixes of operations that change a resource, or that return secrets that a
// preview doesn't need.
var changing = regexp.MustCompile(`:(Get|List|Describe|GET)`)

func TestPreviewRoleOnlyReads(t *testing.T) {
	for _, action := range actions(load(t).reading()...) {
		assert.Regexp(t, changing, action)
		for _, secret := range []string{"ssm:GetParameter", "secretsmanager:", "kms:Decrypt", "logs:GetLogEvents", "logs:FilterLogEvents"} {
			assert.False(t, strings.HasPrefix(action, secret), action)
		}
	}
}

// everywhere are the actions beside those that list and describe which are allowed on
// every resource of the account, under no condition. AWS knows no narrower permission
// for them.
var everywhere = []string{
	"cloudfront:CreateFunction", "cloudfront:CreateOriginRequestPolicy", "cloudfront:CreateResponseHeadersPolicy",
	"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DeleteQueryDefinition", "logs:DeleteResourcePolicy",
	"logs:GetLogDelivery", "logs:PutQueryDefinition", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
	"sns:GetSubscriptionAttributes", "sns:Unsubscribe",
}

func TestFewActionsAreAllowedOnAllResources(t *testing.T) {
	var found []string
	p := load(t)
	for _, s := range roleOf(names("dev"), slices.Concat(p.reading(), p.writing())...) {
		if !slices.Contains(s.Resource, "*") || s.Condition != nil {
			continue
		}
		for _, action := range s.Action {
			if !regexp.MustCompile(`:(Describe|List)`).MatchString(action) {
				found = append(found, action)
			}
		}
	}
	assert.ElementsMatch(t, everywhere, found)
}

// tagging are operations that tag, and nothing else.
var tagging = regexp.MustCompile(`:(TagResource|AddTags|AddTagsToCertificate|CreateTags)$`)

// What tags bound can be taken over by tagging it. So tagging is allowed only while
// a resource is created, or on resources of the stack itself, or of no stack. No permission
// for an API is restricted by tags.
func TestTaggingCantTakeOverResources(t *testing.T) {
	guards := []string{"aws:ResourceTag/project", "aws:ResourceTag/stack", "ec2:CreateAction"}
	found := 0
	for _, d := range load(t).writing() {
		for _, s := range d.statements {
			if !slices.ContainsFunc(s.Action, tagging.MatchString) || boundByName(s) || s.Sid == "API" {
				continue
			}
			found++
			guarded := false
			for _, tests := range s.Condition {
				for key := range tests {
					guarded = guarded || slices.Contains(guards, key)
				}
			}
			assert.True(t, guarded, "%s, %s", d.name, s.Sid)
		}
	}
	assert.Positive(t, found)
}

// boundByName reports whether all resources have the stack's name in theirs.
func boundByName(s allowed) bool {
	return !slices.ContainsFunc(s.Resource, func(arn string) bool {
		return !strings.Contains(arn, "{name}") && !strings.Contains(arn, "{stack}")
	})
}

// longestStack is as long as a stack's name may be: see deployment.
var longestStack = strings.Repeat("s", 34)

func TestPoliciesFitWithTheLongestNames(t *testing.T) {
	n := names(longestStack)
	n.Region, n.Partition = "ap-southeast-2", "aws-us-gov"
	n.ZoneIDs = slices.Repeat([]string{strings.Repeat("Z", 32)}, 5)
	p := load(t)
	for _, d := range slices.Concat(p.reading(), p.writing(), []document{p.boundary()}) {
		_, err := d.json(n)
		assert.NoError(t, err)
	}
}

func TestTooLargePolicyIsRejected(t *testing.T) {
	d := document{name: "network-write", statements: []allowed{{Resource: []string{strings.Repeat("x", largestPolicy)}}}}
	_, err := d.json(names("dev"))
	require.ErrorContains(t, err, "the policy network-write has")
}

func TestEveryPlaceholderIsReplaced(t *testing.T) {
	p := load(t)
	for _, d := range slices.Concat(p.reading(), p.writing(), []document{p.boundary()}) {
		text, err := d.json(names("dev"))
		require.NoError(t, err)
		assert.NotRegexp(t, `\{[a-z]+\}`, text)
	}
}

func TestInvalidStatementsAreRejected(t *testing.T) {
	p := permissions{Groups: []group{{Name: "g", Statements: []statement{
		{Sid: "A", Resources: []string{"*"}, Read: []string{"ec2:*"}},
		{Sid: "A", Resources: nil, Read: []string{"ec2:DescribeVpcs"}},
	}}}}
	err := p.check()
	require.ErrorContains(t, err, "ec2:* allows more than one action")
	require.ErrorContains(t, err, `the statement "A" requires a unique sid`)
	require.ErrorContains(t, err, "the statement A requires actions and resources")
}

// The boundary has to let every role do what its own policies say. Its resources in
// mocks have made-up ARNs, so that only actions are compared here; the local
// deployment, with the boundary in force, shows the rest.
func TestBoundaryAllowsTheActionsOfTheStacksRoles(t *testing.T) {
	bounded := actions(load(t).boundary())
	needed := map[string]bool{}
	for shape, change := range roleShapes {
		s := pulumitest.Settings(t)
		change(&s)
		recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
			return stack.Deploy(ctx, s, pulumitest.Artifacts(t), "")
		})
		for _, r := range recorder.OfType("aws:iam/rolePolicy:RolePolicy") {
			for _, action := range allowedBy(t, r.Text("policy")) {
				needed[action] = true
				assert.Contains(t, bounded, action, "%s needs it with %s: add it to the boundary in permissions.yaml", r.Name, shape)
			}
		}
	}
	for _, action := range bounded {
		assert.True(t, needed[action], "no role needs %s: take it from the boundary in permissions.yaml", action)
	}
}

// roleShapes are the settings on which the roles' policies depend.
var roleShapes = map[string]func(*config.Settings){
	"a network": func(s *config.Settings) { s.Network.Enabled = true },
	"clients":   func(s *config.Settings) { s.Clients.Access = lambdaenv.ClientAccessKeys },
	"issuers": func(s *config.Settings) {
		s.Clients.Access = lambdaenv.ClientAccessKeys
		s.Clients.Issuers = []token.Issuer{{Name: "corp", URL: "https://login.example.com", Audience: "gatehouse"}}
	},
	"a firewall": func(s *config.Settings) { s.Firewall.Enabled = true },
	"all of Bedrock": func(s *config.Settings) {
		s.Lambda.Tracing = true
		s.Model.ID, s.Model.Region = "eu.amazon.nova-micro-v1:0", "eu-west-1"
		s.Model.Guardrail = config.Guardrail{ID: "gr1234567890", Version: "1"}
	},
	"a server in the network": func(s *config.Settings) {
		s.Network.Enabled, s.Model.InVPC = true, true
		s.Model.Backend = lambdaenv.BackendOpenAI
		s.Model.Server = config.Server{BaseURL: "http://10.0.16.25:8000/v1", APIKeyParameter: "/gatehouse/model-key"}
	},
}

// allowedBy are the actions of a policy's statements that allow.
func allowedBy(t *testing.T, document string) []string {
	t.Helper()
	var policy struct {
		Statement []struct {
			Effect string
			Action []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(document), &policy))
	var all []string
	for _, statement := range policy.Statement {
		if statement.Effect == "Allow" {
			all = append(all, statement.Action...)
		}
	}
	return all
}

func TestOnlyTheNamedZonesAreAllowed(t *testing.T) {
	const action = "route53:ChangeResourceRecordSets"
	p, n := load(t), names("dev")
	given := context{"route53:ChangeResourceRecordSetsRecordTypes": {"A", "AAAA"}}
	assert.False(t, roleOf(n, p.writing()...).allows(action, "arn:aws:route53:::hostedzone/Z1", given), "none is named")
	n.ZoneIDs = []string{"Z1", "Z2"}
	role := roleOf(n, p.writing()...)
	for zone, allowed := range map[string]bool{"Z1": true, "Z2": true, "Z3": false} {
		assert.Equal(t, allowed, role.allows(action, "arn:aws:route53:::hostedzone/"+zone, given), zone)
	}
	given["route53:ChangeResourceRecordSetsRecordTypes"] = []string{"A", "TXT"}
	assert.False(t, role.allows(action, "arn:aws:route53:::hostedzone/Z1", given))
}

func TestModelsMayBeInferenceProfilesOfBothKinds(t *testing.T) {
	boundary := roleOf(names("dev"), load(t).boundary())
	for _, profile := range []string{"inference-profile/eu.amazon.nova-lite-v1:0", "application-inference-profile/a1b2c3d4e5f6"} {
		own, other := "arn:aws:bedrock:eu-west-1:123456789012:"+profile, "arn:aws:bedrock:eu-west-1:210987654321:"+profile
		for name, r := range map[string]role{"preview": previewRole(t), "deploy": deployRole(t)} {
			assert.True(t, r.allows("bedrock:GetInferenceProfile", own, nil), "%s, %s", name, own)
			assert.False(t, r.allows("bedrock:GetInferenceProfile", other, nil), "%s, %s", name, other)
		}
		assert.True(t, boundary.allows("bedrock:InvokeModel", own, nil), own)
		assert.False(t, boundary.allows("bedrock:InvokeModel", other, nil), other)
	}
}

// Another stack's clients are in a table of the same account.
func TestOnlyTheStacksTableIsAllowed(t *testing.T) {
	boundary := roleOf(names("dev"), load(t).boundary())
	for table, allowed := range map[string]bool{"gatehouse-dev-clients": true, "gatehouse-prod-clients": false, "gatehouse-dev-clients-2": false} {
		arn := "arn:aws:dynamodb:us-east-1:123456789012:table/" + table
		for _, action := range []string{"dynamodb:CreateTable", "dynamodb:UpdateTable", "dynamodb:DeleteTable", "dynamodb:TagResource"} {
			assert.Equal(t, allowed, deployRole(t).allows(action, arn, nil), "%s on %s", action, table)
			assert.False(t, previewRole(t).allows(action, arn, nil), "%s on %s", action, table)
		}
		assert.Equal(t, allowed, previewRole(t).allows("dynamodb:DescribeTable", arn, nil), table)
		for _, action := range []string{"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"} {
			assert.Equal(t, allowed, boundary.allows(action, arn, nil), "%s on %s", action, table)
		}
	}
	arn := "arn:aws:dynamodb:us-east-1:123456789012:table/gatehouse-dev-clients"
	for _, action := range []string{"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:BatchGetItem"} {
		assert.False(t, boundary.allows(action, arn, nil), action)
	}
	for key, allowed := range map[string]bool{"I#corp": true, "C#acme": false, "K#1": false, "J#1": false} {
		given := context{"dynamodb:LeadingKeys": {key}}
		assert.Equal(t, allowed, boundary.allows("dynamodb:PutItem", arn, given), "a function stores %s", key)
		assert.False(t, boundary.allows("dynamodb:DeleteItem", arn, given), key)
	}
	for _, action := range []string{"dynamodb:Scan", "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:UpdateItem"} {
		assert.False(t, deployRole(t).mayCall(action), "a deployment lists and changes no clients")
	}
	for client, allowed := range map[string]bool{"C#anonymous": true, "C#acme": false, "K#anonymous": false} {
		given := context{"dynamodb:LeadingKeys": {client}}
		for _, action := range []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"} {
			assert.Equal(t, allowed, deployRole(t).allows(action, arn, given), "%s of %s", action, client)
		}
		assert.Equal(t, allowed, previewRole(t).allows("dynamodb:GetItem", arn, given), client)
		assert.False(t, previewRole(t).allows("dynamodb:PutItem", arn, given), client)
	}
}

// The engine makes up the name of the function at the edge, as Pulumi.yaml tells it.
func TestResourcesWithGeneratedNamesAreAllowed(t *testing.T) {
	file, err := os.ReadFile("../../Pulumi.yaml")
	require.NoError(t, err)
	var project struct {
		Config struct {
			Autonaming struct {
				Value struct {
					Providers map[string]struct {
						Resources map[string]struct{ Pattern string }
					}
				}
			} `yaml:"pulumi:autonaming"`
		}
	}
	require.NoError(t, yaml.Unmarshal(file, &project))
	name := func(stack string) string {
		return strings.NewReplacer("${project}", "gatehouse", "${stack}", stack, "${name}", "edge-origin", "${hex(7)}", "1a2b3c4").
			Replace(project.Config.Autonaming.Value.Providers["aws"].Resources["aws:lambda/function:Function"].Pattern)
	}
	function := "arn:aws:lambda:us-east-1:123456789012:function:" + name("dev")
	assert.True(t, deployRole(t).allows("lambda:CreateFunction", function, nil), function)
	const longestFunction = 64
	assert.LessOrEqual(t, len(name(longestStack)), longestFunction)
}
