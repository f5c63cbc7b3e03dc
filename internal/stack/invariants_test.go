package stack_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
)

const provider = "pulumi:providers:aws"

// shapes are the stacks that the settings can make of the program.
func shapes(t testing.TB) map[string]settings.Settings {
	t.Helper()
	own := pulumitest.Settings(t)
	own.Network.Enabled = true
	own.Network.ZoneCount = 3
	own.Network.NAT = settings.NATPerZone
	own.Network.IPv6 = true
	own.Network.InterfaceEndpoints = []string{"bedrock-runtime", "logs"}
	own.Inference.Targets = []string{"10.0.0.25"}

	existing := pulumitest.Settings(t)
	existing.Network.Enabled = true
	existing.Network.Existing = settings.ExistingNetwork{
		VPCID:            pulumitest.ExistingVPC,
		PrivateSubnetIDs: []string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB},
	}

	return map[string]settings.Settings{
		"defaults": pulumitest.Settings(t), "own network": own, "existing network": existing,
		"bare edge": bareEdge(t), "everything": everything(t, own),
	}
}

// networkShapes are those that differ in their network alone.
func networkShapes(t testing.TB) map[string]settings.Settings {
	t.Helper()
	all := shapes(t)
	return map[string]settings.Settings{"own network": all["own network"], "existing network": all["existing network"]}
}

// bareEdge has nothing at the edge that can be left out.
func bareEdge(t testing.TB) settings.Settings {
	t.Helper()
	s := pulumitest.Settings(t)
	s.OriginFunction.Enabled = false
	s.ResponseHeaders.ContentSecurityPolicy = ""
	s.ResponseHeaders.Removed = nil
	return s
}

// everything is s with all that can be at the edge, far from the region that
// CloudFront demands.
func everything(t testing.TB, s settings.Settings) settings.Settings {
	t.Helper()
	s.Region = "eu-central-1"
	s.Edge.CountriesBlocked = []string{"AQ"}
	s.Edge.ErrorDocuments = true
	s.Origin.ShieldRegion = "eu-central-1"
	s.CORS.Origins = []string{"https://app.example.com"}
	s.Firewall.Enabled = true
	s.AccessLogs.Enabled = true
	s.Domain.Names = []string{"api.example.com", "models.example.com"}
	s.Domain.ZoneID = pulumitest.Zone
	return s
}

func deploy(t testing.TB, s settings.Settings) *pulumitest.Recorder {
	t.Helper()
	artifacts := pulumitest.Artifacts(t)
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		return stack.Deploy(ctx, s, artifacts, nil)
	})
}

// each checks every shape.
func each(t *testing.T, check func(*testing.T, *pulumitest.Recorder)) {
	for name, s := range shapes(t) {
		t.Run(name, func(t *testing.T) { check(t, deploy(t, s)) })
	}
}

func TestEveryResourceBelongsToAComponent(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			parent := urn.URN(r.Request.GetParent())
			switch {
			case r.Type == provider:
				assert.Equal(t, "pulumi:pulumi:Stack", string(parent.Type()), r.Name)
			case r.Custom():
				assert.Regexp(t, `^gatehouse:[a-z]+:[A-Z][A-Za-z]+$`, string(parent.Type()), "parent of %s", r.Name)
				assert.Truef(t, strings.HasPrefix(r.Name, parent.Name()), "%s starts with the name of its parent %s", r.Name, parent.Name())
			default:
				assert.Regexp(t, `^gatehouse:[a-z]+:[A-Z][A-Za-z]+$`, r.Type)
			}
		}
	})
}

func TestEveryComponentRegistersItsOutputs(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		components := slices.DeleteFunc(recorder.All(), func(r pulumitest.Registration) bool { return r.Custom() })
		require.NotEmpty(t, components)
		assert.Equal(t, len(components)+1, recorder.OutputRegistrations(), "one for each component and one for the stack")
	})
}

// isGlobal reports whether CloudFront demands that the resource is in its region.
func isGlobal(r pulumitest.Registration) bool {
	switch r.Type {
	case "aws:acm/certificate:Certificate", "aws:acm/certificateValidation:CertificateValidation":
		return true
	case "aws:lambda/function:Function":
		return runsInCloudFront(r)
	case "aws:cloudwatch/logGroup:LogGroup":
		return strings.HasPrefix(r.Text("name"), "aws-waf-logs-") || strings.HasPrefix(r.Text("name"), "/aws/lambda/us-east-1.")
	default:
		return strings.HasPrefix(r.Type, "aws:wafv2/") || strings.HasPrefix(r.Type, "aws:cloudwatch/logDelivery") ||
			strings.HasPrefix(r.Type, "aws:cloudwatch/logResourcePolicy")
	}
}

// runsInCloudFront reports whether a function is for Lambda@Edge, which runs no Go.
func runsInCloudFront(function pulumitest.Registration) bool {
	return strings.HasPrefix(function.Text("runtime"), "nodejs")
}

// regional are the types that are in one region, but for those that isGlobal knows.
var regional = []string{
	"aws:apigatewayv2/", "aws:cloudwatch/", "aws:ec2/", "aws:kms/", "aws:lambda/", "aws:lb/", "aws:s3/", "aws:scheduler/", "aws:sns/", "aws:sqs/", "aws:vpc/",
}

func TestEveryResourceIsInItsRegion(t *testing.T) {
	for name, s := range shapes(t) {
		t.Run(name, func(t *testing.T) {
			recorder := deploy(t, s)
			regions := map[string]string{} // by the providers' names
			for _, p := range recorder.OfType(provider) {
				regions[p.Name] = p.Text("region")
			}
			if s.Region == settings.GlobalRegion {
				assert.Equal(t, map[string]string{"aws": "us-east-1"}, regions)
			} else {
				assert.Equal(t, map[string]string{"aws": s.Region, "aws-us-east-1": "us-east-1"}, regions)
			}
			for _, r := range recorder.All() {
				if !r.Custom() || r.Type == provider {
					continue
				}
				reference := r.Request.GetProvider()
				require.Contains(t, reference, "::"+provider+"::", r.Name)
				region := regions[urn.URN(reference[:strings.LastIndex(reference, "::")]).Name()]
				switch {
				case isGlobal(r):
					assert.Equal(t, "us-east-1", region, r.Name)
				case slices.ContainsFunc(regional, func(start string) bool { return strings.HasPrefix(r.Type, start) }):
					assert.Equal(t, s.Region, region, r.Name)
				default:
					assert.NotEmpty(t, region, r.Name)
				}
			}
		})
	}
}

func TestEverythingIsTagged(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, p := range recorder.OfType(provider) {
			assert.Equal(t, resource.NewProperty(resource.PropertyMap{
				"project":    resource.NewProperty("gatehouse"),
				"stack":      resource.NewProperty("test"),
				"managed-by": resource.NewProperty("pulumi"),
			}), p.Input("defaultTags.tags"), p.Name)
		}
	})
}

func TestEveryLogEnds(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		groups := recorder.OfType("aws:cloudwatch/logGroup:LogGroup")
		names := map[string]bool{}
		for _, group := range groups {
			names[group.Text("name")] = true
			assert.True(t, group.Input("retentionInDays").IsNumber(), "%s has a retention", group.Name)
		}
		for _, function := range recorder.OfType("aws:lambda/function:Function") {
			name := function.Text("name")
			if runsInCloudFront(function) {
				name = "us-east-1." + function.Name // which the mocked provider made its name
			}
			assert.Contains(t, names, "/aws/lambda/"+name, "the program makes the log group of %s", function.Name)
		}
	})
}

func TestEveryRouteHasTheAuthorizer(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		authorizer := recorder.Only(t, "aws:apigatewayv2/authorizer:Authorizer")
		routes := recorder.OfType("aws:apigatewayv2/route:Route")
		require.NotEmpty(t, routes)
		for _, route := range routes {
			assert.Equal(t, "CUSTOM", route.Text("authorizationType"), route.Name)
			assert.Equal(t, authorizer.Name+"-id", route.Text("authorizerId"), route.Name)
		}
	})
}

func TestTheKeyIsNeverInClear(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			assert.NotContains(t, shown(resource.NewProperty(r.Inputs)), pulumitest.FirstKey, "inputs of %s", r.Name)
		}
	})
}

// shown is all the text in value that isn't marked secret.
func shown(value resource.PropertyValue) string {
	switch {
	case value.IsString():
		return value.StringValue() + "\n"
	case value.IsArray():
		var all strings.Builder
		for _, element := range value.ArrayValue() {
			all.WriteString(shown(element))
		}
		return all.String()
	case value.IsObject():
		var all strings.Builder
		for key, field := range value.ObjectValue() {
			all.WriteString(string(key) + "\n" + shown(field))
		}
		return all.String()
	default:
		return ""
	}
}

func TestTheProgramIsDeterministic(t *testing.T) {
	artifacts := pulumitest.Artifacts(t)
	for name, s := range shapes(t) {
		t.Run(name, func(t *testing.T) {
			run := func() map[string]string {
				all := map[string]string{}
				recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
					return stack.Deploy(ctx, s, artifacts, nil)
				})
				for _, r := range recorder.All() {
					text, err := json.Marshal(r.Input("").Mappable())
					require.NoError(t, err)
					all[r.Type+" "+r.Name] = string(text)
				}
				return all
			}
			first := run()
			require.NotEmpty(t, first)
			for range 5 {
				require.Equal(t, first, run())
			}
		})
	}
}

// networkTypes are the packages of what only a network brings.
var networkTypes = []string{"aws:ec2/", "aws:vpc/", "aws:lb/", "aws:apigatewayv2/vpcLink:"}

func isOfNetwork(r pulumitest.Registration) bool {
	return slices.ContainsFunc(networkTypes, func(start string) bool { return strings.HasPrefix(r.Type, start) })
}

func TestWithoutNetworkThereIsNothingOfIt(t *testing.T) {
	recorder := deploy(t, pulumitest.Settings(t))
	for _, r := range recorder.All() {
		assert.False(t, isOfNetwork(r), "%s %s", r.Type, r.Name)
	}
	assert.Len(t, recorder.OfType("aws:apigatewayv2/route:Route"), 1)
}

func TestTheNetworkChangesNothingElse(t *testing.T) {
	without := deploy(t, pulumitest.Settings(t))
	for name, s := range networkShapes(t) {
		t.Run(name, func(t *testing.T) {
			with := deploy(t, s)
			for _, r := range without.All() {
				if r.Type == "aws:lambda/function:Function" {
					continue // its archive lies elsewhere in each run
				}
				assert.Equal(t, r.Input(""), with.Named(t, r.Type, r.Name).Input(""), "%s %s", r.Type, r.Name)
			}
		})
	}
}

func TestNothingOfAnExistingVPCIsChanged(t *testing.T) {
	recorder := deploy(t, shapes(t)["existing network"])
	for _, r := range recorder.All() {
		if strings.HasPrefix(r.Type, "aws:ec2/") {
			assert.Equal(t, "aws:ec2/securityGroup:SecurityGroup", r.Type, "%s: the load balancer and the link have groups of their own, and that is all", r.Name)
		}
	}
}

func TestEveryOwnVPCHasFlowLogs(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		logged := map[string]bool{}
		for _, log := range recorder.OfType("aws:ec2/flowLog:FlowLog") {
			logged[log.Text("vpcId")] = true
		}
		for _, vpc := range recorder.OfType("aws:ec2/vpc:Vpc") {
			assert.True(t, logged[vpc.Name+"-id"], vpc.Name)
		}
	})
}

func TestNothingIsOpenToEverybody(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			if strings.Contains(strings.ToLower(r.Type), "securitygroup") {
				text := shown(resource.NewProperty(r.Inputs))
				assert.NotContains(t, text, "0.0.0.0/0", r.Name)
				assert.NotContains(t, text, "::/0", r.Name)
			}
			if r.Type == "aws:ec2/subnet:Subnet" && r.Input("mapPublicIpOnLaunch").BoolValue() {
				assert.Contains(t, r.Name, "-public-")
			}
		}
	})
}

// wildcards are the resources with a star in them that a policy may have, each
// with its reason.
var wildcards = map[string]string{
	"gateway-authorizer-policy: arn:aws:mock:::LogGroup/gateway-authorizer-logs:log-stream:*":              "Lambda names the streams",
	"model-function-policy: arn:aws:mock:::LogGroup/model-function-logs:log-stream:*":                      "Lambda names the streams",
	"rotation-rotator-policy: arn:aws:mock:::LogGroup/rotation-rotator-logs:log-stream:*":                  "Lambda names the streams",
	"rotation-rotator-policy: arn:aws:ssm:eu-central-1:123456789012:parameter/gatehouse/test/origin-key/*": "the rotator names the keys",
	"network-flow-logs-policy: arn:aws:mock:::LogGroup/network-flow-logs:*":                                "VPC flow logs name the streams",
	"rotation-kms: *": "in the policy of a KMS key the star means this key",
	"edge-origin-policy: arn:aws:logs:*:123456789012:log-group:/aws/lambda/us-east-1.edge-origin":   "CloudFront runs the function in all regions",
	"edge-origin-policy: arn:aws:logs:*:123456789012:log-group:/aws/lambda/us-east-1.edge-origin:*": "CloudFront runs the function in all regions, and Lambda names the streams",
	"firewall-logs-policy: arn:aws:mock:::LogGroup/firewall-logs:log-stream:*":                      "AWS WAF names the streams",
	"access-logs-policy: arn:aws:mock:::BucketV2/access-logs-bucket/AWSLogs/123456789012/*":         "CloudFront names the objects",
}

func TestPoliciesHaveNoWildcardWithoutReason(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range deploy(t, shapes(t)["everything"]).All() {
		for _, input := range []string{"policy", "assumeRolePolicy", "policyDocument"} {
			for _, statement := range statements(t, r.Text(input)) {
				if statement.Effect == "Deny" {
					continue
				}
				assert.Equal(t, "Allow", statement.Effect, r.Name)
				assert.NotContains(t, slices.Collect(maps.Values(statement.Principal)), "*", r.Name)
				for _, action := range statement.Action {
					assert.NotContains(t, action, "*", "%s of %s", input, r.Name)
				}
				for _, arn := range statement.Resource {
					if strings.Contains(arn, "*") {
						seen[r.Name+": "+arn] = true
					}
				}
			}
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(wildcards)), slices.Collect(maps.Keys(seen)))
}

type statement struct {
	Sid, Effect      string
	Action, Resource []string
	Principal        map[string]string
	Condition        map[string]map[string]string
}

func statements(t testing.TB, policy string) []statement {
	t.Helper()
	if policy == "" {
		return nil
	}
	var document struct{ Statement []statement }
	require.NoError(t, json.Unmarshal([]byte(policy), &document))
	require.NotEmpty(t, document.Statement)
	return document.Statement
}
