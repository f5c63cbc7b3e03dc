package chatapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/chatapi"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/network"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func args(t *testing.T, changes ...func(*chatapi.Args)) *chatapi.Args {
	t.Helper()
	a := &chatapi.Args{Deployment: pulumitest.Deployment(t), APIPrefix: "/api", Settings: pulumitest.Settings(t).Model}
	for _, change := range changes {
		change(a)
	}
	return a
}

func run(t *testing.T, changes ...func(*chatapi.Args)) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := chatapi.New(ctx, "model", args(t, changes...))
		return err
	})
}

// policyOf are the role's statements, but for what every function may do.
func policyOf(recorder *pulumitest.Recorder, t *testing.T) string {
	t.Helper()
	text := recorder.Only(t, "aws:iam/rolePolicy:RolePolicy").Text("policy")
	const log = `{"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Effect":"Allow","Resource":["arn:aws:mock:::LogGroup/model-function-logs:log-stream:*"],"Sid":"WriteLog"}`
	require.Contains(t, text, log)
	return strings.Replace(strings.Replace(text, log+",", "", 1), log, "", 1)
}

func variables(t *testing.T, recorder *pulumitest.Recorder) map[string]string {
	t.Helper()
	out := map[string]string{}
	for key, value := range recorder.Only(t, "aws:lambda/function:Function").Input("environment.variables").ObjectValue() {
		out[string(key)] = value.StringValue()
	}
	return out
}

func TestDefaults(t *testing.T) {
	recorder := run(t)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "InvokeModels", "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": ["arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-micro-v1:0"]}
	]}`, policyOf(recorder, t))
	assert.Equal(t, map[string]string{
		"GATEHOUSE_STACK":             "gatehouse-test",
		"GATEHOUSE_API_PREFIX":        "/api",
		"GATEHOUSE_MODEL_BACKEND":     "bedrock",
		"GATEHOUSE_MODEL_IDS":         "amazon.nova-micro-v1:0",
		"GATEHOUSE_MODEL_MAX_TOKENS":  "1024",
		"GATEHOUSE_MODEL_MAX_BODY":    "1048576",
		"GATEHOUSE_MODEL_LOG_CONTENT": "false",

		"GATEHOUSE_MODEL_PROMPT_CACHING": "true",
	}, variables(t, recorder))
	f := recorder.Only(t, "aws:lambda/function:Function")
	assert.InDelta(t, 256, f.Input("memorySize").NumberValue(), 0)
	assert.InDelta(t, 29, f.Input("timeout").NumberValue(), 0)
	assert.True(t, f.Input("reservedConcurrentExecutions").IsNull())
	assert.Empty(t, recorder.OfType("aws:ec2/securityGroup:SecurityGroup"))
}

func TestFunctionMayInvokeOnlyItsModels(t *testing.T) {
	recorder := run(t, func(a *chatapi.Args) {
		a.Settings.ID = "eu.amazon.nova-lite-v1:0"
		a.Settings.Others = []string{"amazon.nova-micro-v1:0", "global.anthropic.claude-sonnet-4-20250514-v1:0"}
		a.Settings.MaxTokens, a.Settings.Memory, a.Settings.ReservedConcurrency = 50, 512, 7
	})
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "InvokeModels", "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": [
			"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0",
			"arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-micro-v1:0",
			"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/global.anthropic.claude-sonnet-4-20250514-v1:0"
		]},
		{"Sid": "InvokeModelOfProfile0", "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": [
			"arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0",
			"arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"
		], "Condition": {"StringEquals": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"}}},
		{"Sid": "InvokeModelOfProfile2", "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": [
			"arn:aws:bedrock:::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0",
			"arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0"
		], "Condition": {"StringEquals": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/global.anthropic.claude-sonnet-4-20250514-v1:0"}}}
	]}`, policyOf(recorder, t))
	assert.Equal(t, "eu.amazon.nova-lite-v1:0,amazon.nova-micro-v1:0,global.anthropic.claude-sonnet-4-20250514-v1:0", variables(t, recorder)["GATEHOUSE_MODEL_IDS"])
	f := recorder.Only(t, "aws:lambda/function:Function")
	assert.InDelta(t, 512, f.Input("memorySize").NumberValue(), 0)
	assert.InDelta(t, 7, f.Input("reservedConcurrentExecutions").NumberValue(), 0)
}

func TestFunctionMayInvokeModelsThroughApplicationInferenceProfiles(t *testing.T) {
	recorder := run(t, func(a *chatapi.Args) {
		a.Settings.ID = pulumitest.ChatProfileARN
		a.Settings.Others = []string{"eu.amazon.nova-lite-v1:0"}
	})
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "InvokeModels", "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": [
			"`+pulumitest.ChatProfileARN+`",
			"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"
		]},
		{"Sid": "InvokeModelOfProfile0", "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": [
			"arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
			"arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"
		], "Condition": {"StringEquals": {"bedrock:InferenceProfileArn": "`+pulumitest.ChatProfileARN+`"}}},
		{"Sid": "InvokeModelOfProfile1", "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": [
			"arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0",
			"arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"
		], "Condition": {"StringEquals": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"}}}
	]}`, policyOf(recorder, t))
	got := variables(t, recorder)
	assert.Equal(t, pulumitest.ChatProfileARN+",eu.amazon.nova-lite-v1:0", got["GATEHOUSE_MODEL_IDS"])
	assert.Equal(t, pulumitest.ChatProfileARN+"=anthropic.claude-haiku-4-5-20251001-v1:0", got["GATEHOUSE_MODEL_FOUNDATIONS"])
}

// Bedrock rejects a request for embeddings that names a guardrail.
func TestEmbeddingModelsAreInvokedWithoutTheGuardrail(t *testing.T) {
	recorder := run(t, func(a *chatapi.Args) {
		a.Settings.Others = []string{"amazon.titan-embed-text-v2:0", pulumitest.EmbeddingProfileARN, "eu.cohere.embed-v4:0", pulumitest.ChatProfileARN}
		a.Settings.Guardrail = config.Guardrail{ID: "gr1", Version: "3"}
	})
	var policy struct {
		Statement []struct {
			Sid       string
			Resource  []string
			Condition map[string]map[string]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(policyOf(recorder, t)), &policy))
	require.NotEmpty(t, policy.Statement)
	guarded := map[string]string{"bedrock:GuardrailIdentifier": "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr1:3"}
	for _, s := range policy.Statement {
		switch s.Sid {
		case "InvokeModels":
			assert.Equal(t, []string{"arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-micro-v1:0", pulumitest.ChatProfileARN}, s.Resource)
			assert.Equal(t, guarded, s.Condition["StringEquals"])
		case "InvokeEmbeddingModels":
			assert.Equal(t, []string{
				"arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0", pulumitest.EmbeddingProfileARN,
				"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.cohere.embed-v4:0",
			}, s.Resource)
			assert.Empty(t, s.Condition)
		case "ApplyGuardrail":
		default: // a profile's models
			assert.Contains(t, s.Condition["StringEquals"], "bedrock:InferenceProfileArn", s.Sid)
		}
	}
	assert.Len(t, policy.Statement, 6)
}

func TestFunctionHasTheSettingsOfItsRequests(t *testing.T) {
	change := func(a *chatapi.Args) {
		a.Settings.PassThrough, a.Settings.RefuseUnsupported, a.Settings.PromptCaching = []string{"top_k", "min_p"}, true, false
	}
	for _, changes := range [][]func(*chatapi.Args){{change}, {change, openAI(config.Server{BaseURL: "http://10.0.16.25:8000/v1"})}} {
		got := variables(t, run(t, changes...))
		assert.Equal(t, "top_k,min_p", got["GATEHOUSE_MODEL_PASS_THROUGH"])
		assert.Equal(t, "true", got["GATEHOUSE_MODEL_REFUSE_UNSUPPORTED"])
		assert.NotContains(t, got, "GATEHOUSE_MODEL_PROMPT_CACHING")
		assert.NotContains(t, got, "GATEHOUSE_MODEL_FOUNDATIONS")
	}
}

// Lambda would reject it in the middle of an update.
func TestEnvironmentThatIsTooLargeIsAnError(t *testing.T) {
	_, err := pulumitest.Run(func(ctx *pulumi.Context) error {
		_, err := chatapi.New(ctx, "model", args(t, func(a *chatapi.Args) {
			for i := range 60 {
				a.Settings.Others = append(a.Settings.Others, fmt.Sprintf("vendor.%s-v%d:0", strings.Repeat("m", 60), i))
			}
		}))
		return err
	})
	require.ErrorContains(t, err, "allowed: at most 3840, so shorten gatehouse:modelAllowedIds")
}

func TestUnknownProfileIsAnError(t *testing.T) {
	_, err := pulumitest.Run(func(ctx *pulumi.Context) error {
		_, err := chatapi.New(ctx, "model", args(t, func(a *chatapi.Args) { a.Settings.ID = "eu.amazon.absent-v1:0" }))
		return err
	})
	require.ErrorContains(t, err, "looking up the inference profile eu.amazon.absent-v1:0 of gatehouse:modelId or gatehouse:modelAllowedIds in eu-west-1")
}

func TestModelsAreInvokedOnlyWithTheGuardrail(t *testing.T) {
	for version, identifier := range map[string]string{
		"3":     "arn:aws:bedrock:eu-central-1:123456789012:guardrail/gr1:3",
		"DRAFT": "arn:aws:bedrock:eu-central-1:123456789012:guardrail/gr1",
	} {
		recorder := run(t, func(a *chatapi.Args) {
			a.Settings.Region = "eu-central-1"
			a.Settings.Guardrail = config.Guardrail{ID: "gr1", Version: version}
		})
		assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
			{"Sid": "InvokeModels", "Effect": "Allow", "Action": ["bedrock:InvokeModel"], "Resource": ["arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-micro-v1:0"],
				"Condition": {"StringEquals": {"bedrock:GuardrailIdentifier": "`+identifier+`"}}},
			{"Sid": "ApplyGuardrail", "Effect": "Allow", "Action": ["bedrock:ApplyGuardrail"], "Resource": [
				"arn:aws:bedrock:eu-central-1:123456789012:guardrail/gr1",
				"arn:aws:bedrock:*:123456789012:guardrail-profile/*"
			]}
		]}`, policyOf(recorder, t))
		got := variables(t, recorder)
		assert.Equal(t, "eu-central-1", got["GATEHOUSE_MODEL_REGION"])
		assert.Equal(t, "gr1", got["GATEHOUSE_GUARDRAIL_ID"])
		assert.Equal(t, version, got["GATEHOUSE_GUARDRAIL_VERSION"])
	}
}

func openAI(server config.Server) func(*chatapi.Args) {
	return func(a *chatapi.Args) {
		a.Settings.Backend, a.Settings.ID, a.Settings.Server = lambdaenv.BackendOpenAI, "llama3.2:1b", server
	}
}

func TestFunctionMayReadOnlyTheServersKey(t *testing.T) {
	recorder := run(t, openAI(config.Server{BaseURL: "http://10.0.16.25:8000/v1", APIKeyParameter: "/models/key"}))
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "ReadServerKey", "Effect": "Allow", "Action": ["ssm:GetParameter"], "Resource": ["arn:aws:ssm:eu-west-1:123456789012:parameter/models/key"]},
		{"Sid": "DecryptServerKey", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:aws:kms:eu-west-1:123456789012:key/*"], "Condition": {"StringEquals": {
			"kms:ViaService": "ssm.eu-west-1.amazonaws.com",
			"kms:EncryptionContext:PARAMETER_ARN": "arn:aws:ssm:eu-west-1:123456789012:parameter/models/key"
		}}}
	]}`, policyOf(recorder, t))
	got := variables(t, recorder)
	assert.Equal(t, "openai", got["GATEHOUSE_MODEL_BACKEND"])
	assert.Equal(t, "http://10.0.16.25:8000/v1", got["GATEHOUSE_MODEL_BASE_URL"])
	assert.Equal(t, "/models/key", got["GATEHOUSE_MODEL_API_KEY_PARAMETER"])

	recorder = run(t, openAI(config.Server{BaseURL: "http://10.0.16.25:8000/v1"}))
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": []}`, policyOf(recorder, t))
	assert.NotContains(t, variables(t, recorder), "GATEHOUSE_MODEL_API_KEY_PARAMETER")
}

// inVPC puts the function into a VPC, with endpoints of the stack's own or of others.
func inVPC(endpoints bool) func(*chatapi.Args) {
	return func(a *chatapi.Args) {
		a.VPC = &chatapi.VPCConfig{
			Attachment: network.Attachment{
				VPCID: pulumi.String("vpc-1"), CIDRs: []string{"10.0.0.0/16", "100.64.0.0/16"}, PrivateSubnetIDs: pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			},
			PrivateModel: chatapi.PrivateModel{URL: pulumi.String("https://internal.elb"), Port: 443, ServerName: "model.example.com", SecurityGroupID: pulumi.String("balancer")},
		}
		if endpoints {
			a.VPC.Attachment.EndpointsGroupID = pulumi.String("endpoints")
		}
	}
}

// reached is what the rules let the function reach, as "port group or network".
func reached(t *testing.T, recorder *pulumitest.Recorder) []string {
	t.Helper()
	all := []string{}
	for _, rule := range recorder.OfType("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		assert.Equal(t, "model-group-id", rule.Text("securityGroupId"))
		assert.Equal(t, rule.Input("fromPort"), rule.Input("toPort"))
		all = append(all, rule.Input("fromPort").String()+" "+rule.Text("referencedSecurityGroupId")+rule.Text("cidrIpv4"))
	}
	return all
}

func TestFunctionInAVPCReachesOnlyItsDestinations(t *testing.T) {
	for title, test := range map[string]struct {
		changes []func(*chatapi.Args)
		want    []string
	}{
		"Bedrock, own endpoints":        {[]func(*chatapi.Args){inVPC(true)}, []string{"{443} endpoints"}},
		"Bedrock, endpoints of others":  {[]func(*chatapi.Args){inVPC(false)}, []string{"{443} 10.0.0.0/16", "{443} 100.64.0.0/16"}},
		"the private model":             {[]func(*chatapi.Args){inVPC(true), openAI(config.Server{})}, []string{"{443} balancer"}},
		"the private model, with a key": {[]func(*chatapi.Args){inVPC(true), openAI(config.Server{APIKeyParameter: "/key"})}, []string{"{443} balancer", "{443} endpoints"}},
		"a server by address":           {[]func(*chatapi.Args){inVPC(true), openAI(config.Server{BaseURL: "http://10.0.16.25:8000/v1"})}, []string{"{8000} 10.0.16.25/32"}},
		"a server by name":              {[]func(*chatapi.Args){inVPC(true), openAI(config.Server{BaseURL: "http://model.internal/v1"})}, []string{"{80} 10.0.0.0/16", "{80} 100.64.0.0/16"}},
		"a server by name, with TLS":    {[]func(*chatapi.Args){inVPC(true), openAI(config.Server{BaseURL: "https://model.internal/v1"})}, []string{"{443} 10.0.0.0/16", "{443} 100.64.0.0/16"}},
		"a server with TLS and a key, beside endpoints of others": {
			[]func(*chatapi.Args){inVPC(false), openAI(config.Server{BaseURL: "https://model.internal/v1", APIKeyParameter: "/key"})},
			[]string{"{443} 10.0.0.0/16", "{443} 100.64.0.0/16"},
		},
		"a server and a key, beside endpoints of others": {
			[]func(*chatapi.Args){inVPC(false), openAI(config.Server{BaseURL: "http://model.internal:8000/v1", APIKeyParameter: "/key"})},
			[]string{"{8000} 10.0.0.0/16", "{8000} 100.64.0.0/16", "{443} 10.0.0.0/16", "{443} 100.64.0.0/16"},
		},
	} {
		t.Run(title, func(t *testing.T) {
			recorder := run(t, test.changes...)
			assert.ElementsMatch(t, test.want, reached(t, recorder))
			f := recorder.Only(t, "aws:lambda/function:Function")
			assert.Equal(t, []any{"subnet-1", "subnet-2"}, f.Input("vpcConfig.subnetIds").Mappable())
			assert.Equal(t, []any{"model-group-id"}, f.Input("vpcConfig.securityGroupIds").Mappable())
			group := recorder.Only(t, "aws:ec2/securityGroup:SecurityGroup")
			assert.Equal(t, "vpc-1", group.Text("vpcId"))
			assert.True(t, group.Input("ingress").IsNull() && group.Input("egress").IsNull(), "rules are resources of their own")
		})
	}
}

func TestPrivateModelAllowsTheFunction(t *testing.T) {
	recorder := run(t, inVPC(true), openAI(config.Server{}))
	rule := recorder.Only(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
	assert.Equal(t, "balancer", rule.Text("securityGroupId"))
	assert.Equal(t, "model-group-id", rule.Text("referencedSecurityGroupId"))
	assert.InDelta(t, 443, rule.Input("fromPort").NumberValue(), 0)
	got := variables(t, recorder)
	assert.Equal(t, "https://internal.elb/v1", got["GATEHOUSE_MODEL_BASE_URL"])
	assert.Equal(t, "model.example.com", got["GATEHOUSE_MODEL_SERVER_NAME"])
}

func TestPlaygroundIsOffByDefault(t *testing.T) {
	for _, on := range []bool{false, true} {
		var paths []string
		recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
			m, err := chatapi.New(ctx, "model", args(t, func(a *chatapi.Args) { a.Playground = on }))
			if err != nil {
				return err
			}
			for _, route := range m.Routes {
				paths = append(paths, route.Path)
			}
			return nil
		})
		assert.Equal(t, on, slices.Contains(paths, "/api/playground"))
		_, given := variables(t, recorder)["GATEHOUSE_PLAYGROUND"]
		assert.Equal(t, on, given)
	}
}

// greedy makes the parameters of a described path those of a route: a model's id may have
// slashes.
var greedy = strings.NewReplacer("}", "+}")

// The routes are those that the description of the API has, and one for the rest.
func TestEveryDescribedEndpointIsARoute(t *testing.T) {
	text, err := os.ReadFile("../../lambda/model/internal/api/openapi.yaml")
	require.NoError(t, err)
	var api struct{ Paths map[string]map[string]any }
	require.NoError(t, yaml.Unmarshal(text, &api))
	want := []string{"ANY /v1" + httpapi.ProxyPath}
	require.Contains(t, api.Paths, "/chat/healthz")
	delete(api.Paths, "/chat/healthz") // for the REST API
	for path, methods := range api.Paths {
		for method := range methods {
			want = append(want, strings.ToUpper(method)+" /v1"+greedy.Replace(path))
		}
	}

	var got []string
	pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		m, err := chatapi.New(ctx, "model", args(t, func(a *chatapi.Args) { a.APIPrefix, a.Playground = "/v1", true }))
		if err != nil {
			return err
		}
		for _, route := range m.Routes {
			got = append(got, route.Method+" "+route.Path)
			if route.Function != m.Function {
				t.Errorf("%s leads to another function", route.Name)
			}
		}
		return nil
	})
	assert.ElementsMatch(t, want, got)
}
