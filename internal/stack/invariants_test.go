package stack_test

import (
	"encoding/json"
	"maps"
	"os"
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
	own.Observability.Enabled = true

	existing := pulumitest.Settings(t)
	existing.Network.Enabled = true
	existing.Network.Existing = settings.ExistingNetwork{
		VPCID:            pulumitest.ExistingVPC,
		PrivateSubnetIDs: []string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB},
	}

	return map[string]settings.Settings{"no network": pulumitest.Settings(t), "own network": own, "existing network": existing}
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

func TestEveryResourceUsesTheOneProvider(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		recorder.Only(t, provider)
		for _, r := range recorder.All() {
			if r.Custom() && r.Type != provider {
				assert.Contains(t, r.Request.GetProvider(), "::"+provider+"::aws::", r.Name)
			}
		}
	})
}

func TestEverythingIsTagged(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		tags := recorder.Only(t, provider).Input("defaultTags.tags")
		assert.Equal(t, resource.NewProperty(resource.PropertyMap{
			"project":    resource.NewProperty("gatehouse"),
			"stack":      resource.NewProperty("test"),
			"managed-by": resource.NewProperty("pulumi"),
		}), tags)
	})
}

// Lambda would make a group by itself, without an end to what is kept in it.
func TestEveryFunctionHasALogGroup(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		names := map[string]bool{}
		for _, group := range recorder.OfType("aws:cloudwatch/logGroup:LogGroup") {
			names[group.Text("name")] = true
		}
		for _, function := range recorder.OfType("aws:lambda/function:Function") {
			assert.Contains(t, names, "/aws/lambda/"+function.Text("name"), "the program makes the log group of %s", function.Name)
		}
	})
}

func TestEveryRouteAsksTheSameAuthorizer(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		authorizer := recorder.Only(t, "aws:apigatewayv2/authorizer:Authorizer")
		routes := recorder.OfType("aws:apigatewayv2/route:Route")
		require.NotEmpty(t, routes)
		for _, route := range routes {
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
					all[r.Type+" "+r.Name] = r.Input("").String()
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
	for name, s := range shapes(t) {
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

func TestOnlyPublicSubnetsGivePublicAddresses(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.OfType("aws:ec2/subnet:Subnet") {
			if r.Input("mapPublicIpOnLaunch").BoolValue() {
				assert.Contains(t, r.Name, "-public-")
			}
		}
	})
}

// wildcards are the resources with a star in them that a policy may have, each
// with its reason.
var wildcards = map[string]string{
	"gateway-authorizer-policy: arn:aws:mock:::LogGroup/gateway-authorizer-logs:log-stream:*":           "Lambda names the streams",
	"model-function-policy: arn:aws:mock:::LogGroup/model-function-logs:log-stream:*":                   "Lambda names the streams",
	"rotation-rotator-policy: arn:aws:mock:::LogGroup/rotation-rotator-logs:log-stream:*":               "Lambda names the streams",
	"rotation-rotator-policy: arn:aws:ssm:us-east-1:123456789012:parameter/gatehouse/test/origin-key/*": "the rotator names the keys",
	"network-flow-logs-policy: arn:aws:mock:::LogGroup/network-flow-logs:*":                             "VPC flow logs name the streams",
	"network-flow-logs-policy: *": "DescribeLogGroups is allowed on all groups or none",
	"rotation-kms: *":             "in the policy of a KMS key the star means this key",
}

func TestEveryWildcardHasAReason(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range deploy(t, shapes(t)["own network"]).All() {
		for _, input := range []string{"policy", "assumeRolePolicy"} {
			for _, statement := range statements(t, r.Text(input)) {
				assert.Equal(t, "Allow", statement.Effect, r.Name)
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

func TestTheArchitectureNamesEveryComponent(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	require.NoError(t, err)
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			if !r.Custom() {
				assert.Contains(t, string(text), "| `"+r.Type+"` |", "docs/architecture.md has no row for it")
			}
		}
	})
}
