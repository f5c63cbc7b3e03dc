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
		"no network": pulumitest.Settings(t), "own network": own, "existing network": existing,
		"private function": privateFunction(t), "Bedrock with all": bedrockWithAll(t),
	}
}

// networkShapes are those that differ in their network alone.
func networkShapes(t testing.TB) map[string]settings.Settings {
	t.Helper()
	all := shapes(t)
	return map[string]settings.Settings{"own network": all["own network"], "existing network": all["existing network"]}
}

// privateFunction has the API's function in the VPC, before the private model, which
// asks for a key.
func privateFunction(t testing.TB) settings.Settings {
	t.Helper()
	s := pulumitest.Settings(t)
	s.Network.Enabled = true
	s.Network.InterfaceEndpoints = []string{"ssm"}
	s.Model.Backend, s.Model.ID, s.Model.InVPC = settings.BackendOpenAI, "llama3.2:1b", true
	s.Model.Server.APIKeyParameter = "/models/key"
	return s
}

// bedrockWithAll has all of Bedrock that there are settings for, and traces.
func bedrockWithAll(t testing.TB) settings.Settings {
	t.Helper()
	s := pulumitest.Settings(t)
	s.Gateway.Prefix = "/v1"
	s.Lambda.Tracing = true
	s.Model.ID, s.Model.Others = "eu.amazon.nova-micro-v1:0", []string{"amazon.nova-lite-v1:0"}
	s.Model.Region = "eu-central-1"
	s.Model.Guardrail = settings.Guardrail{ID: "gr1", Version: "1"}
	s.Model.ReservedConcurrency = 5
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

func TestEveryResourceUsesTheOneProvider(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			if r.Custom() && r.Type != provider {
				assert.Contains(t, r.Request.GetProvider(), "::"+provider+"::aws::", r.Name)
			}
		}
	})
}

func TestEverythingIsTagged(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		tags := recorder.Named(t, provider, "aws").Input("defaultTags.tags")
		assert.Equal(t, resource.NewProperty(resource.PropertyMap{
			"project":    resource.NewProperty("gatehouse"),
			"stack":      resource.NewProperty("test"),
			"managed-by": resource.NewProperty("pulumi"),
		}), tags)
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
			assert.Contains(t, names, "/aws/lambda/"+function.Text("name"), "the program makes the log group of %s", function.Name)
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
	for _, route := range recorder.OfType("aws:apigatewayv2/route:Route") {
		assert.Equal(t, "integrations/gateway-models-integration-id", route.Text("target"), "all lead to the function")
	}
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
	"gateway-authorizer-policy: arn:aws:mock:::LogGroup/gateway-authorizer-logs:log-stream:*":           "Lambda names the streams",
	"model-function-policy: arn:aws:mock:::LogGroup/model-function-logs:log-stream:*":                   "Lambda names the streams",
	"rotation-rotator-policy: arn:aws:mock:::LogGroup/rotation-rotator-logs:log-stream:*":               "Lambda names the streams",
	"rotation-rotator-policy: arn:aws:ssm:us-east-1:123456789012:parameter/gatehouse/test/origin-key/*": "the rotator names the keys",
	"network-flow-logs-policy: arn:aws:mock:::LogGroup/network-flow-logs:*":                             "VPC flow logs name the streams",
	"rotation-kms: *":              "in the policy of a KMS key the star means this key",
	"gateway-authorizer-policy: *": "traces are no resources",
	"rotation-rotator-policy: *":   "traces are no resources",
	"model-function-policy: *":     "neither are network interfaces before they are made; the function's code can't use this",
	"model-function-policy: arn:aws:kms:us-east-1:123456789012:key/*": "a condition names the one parameter, whatever key it is encrypted with",
}

func TestPoliciesHaveNoWildcardWithoutReason(t *testing.T) {
	seen := map[string]bool{}
	var all []pulumitest.Registration
	for _, shape := range []string{"own network", "private function", "Bedrock with all"} {
		all = append(all, deploy(t, shapes(t)[shape]).All()...)
	}
	for _, r := range all {
		for _, input := range []string{"policy", "assumeRolePolicy"} {
			for _, statement := range statements(t, r.Text(input)) {
				assert.Equal(t, "Allow", statement.Effect, r.Name)
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

// Who is asked is in no log or state but by name.
func TestTheServersKeyIsInNoVariable(t *testing.T) {
	f := deploy(t, privateFunction(t)).Named(t, "aws:lambda/function:Function", "model-function")
	assert.Equal(t, "/models/key", f.Text("environment.variables.GATEHOUSE_MODEL_API_KEY_PARAMETER"))
}

func TestProfilesOfAnotherRegionAreLookedUpThere(t *testing.T) {
	recorder := deploy(t, bedrockWithAll(t))
	assert.Equal(t, "eu-central-1", recorder.Named(t, provider, "aws-model").Text("region"))
	assert.Len(t, deploy(t, pulumitest.Settings(t)).OfType(provider), 1, "no other provider without need")
}
