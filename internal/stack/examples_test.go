package stack_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	engineconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
)

// examples check what each example below examples/ is about. Their stacks are named as
// their folders.
var examples = map[string]func(*testing.T, *pulumitest.Recorder){
	"minimal": func(t *testing.T, r *pulumitest.Recorder) {
		d := r.Only(t, distribution)
		assert.Equal(t, "x-origin-verify", d.Text("origins[0].customHeaders[0].name"))
		assert.True(t, d.SecretAt("origins[0].customHeaders[0].value"))
		assert.Equal(t, "eu.amazon.nova-micro-v1:0", modelVariable(t, r, "GATEHOUSE_MODEL_IDS"))
		for _, resource := range r.All() {
			assert.False(t, isOfNetwork(resource), "%s %s", resource.Type, resource.Name)
		}
	},
	"custom-domain": func(t *testing.T, r *pulumitest.Recorder) {
		assert.Equal(t, "api.example.com", r.Only(t, distribution).Text("aliases[0]"))
		assert.Equal(t, "api.example.com", r.Only(t, "aws:acm/certificate:Certificate").Text("domainName"))
		var types []string
		for _, record := range r.OfType("aws:route53/record:Record") {
			types = append(types, record.Text("type"))
		}
		assert.ElementsMatch(t, []string{"A", "AAAA", "CNAME"}, types)
		policy := r.Only(t, "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
		assert.Equal(t, "https://app.example.com", policy.Text("corsConfig.accessControlAllowOrigins.items[0]"))
	},
	"firewall-and-logs": func(t *testing.T, r *pulumitest.Recorder) {
		acl := r.Only(t, "aws:wafv2/webAcl:WebAcl")
		assert.Equal(t, "arn:aws:mock:::WebAcl/"+acl.Name, r.Only(t, distribution).Text("webAclId"))
		lifecycle := r.Only(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2")
		assert.InDelta(t, 90, lifecycle.Input("rules[0].expiration.days").NumberValue(), 0)
		assert.Equal(t, "ops@example.com", r.Only(t, "aws:sns/topicSubscription:TopicSubscription").Text("endpoint"))
		r.Only(t, dashboardType)
	},
	"streaming": func(t *testing.T, r *pulumitest.Recorder) {
		stream := r.Named(t, "aws:lambda/function:Function", "model-stream-function")
		assert.InDelta(t, 602, stream.Input("timeout").NumberValue(), 0)
		assert.InDelta(t, 300, stream.Input("reservedConcurrentExecutions").NumberValue(), 0)
		assert.Equal(t, "sync", stream.Text("environment.variables.GATEHOUSE_GUARDRAIL_STREAMING"))
		assert.Contains(t, r.Only(t, "aws:apigateway/restApi:RestApi").Text("body"), `"timeoutInMillis":604000`)
		assert.Equal(t, "stream", r.Only(t, distribution).Text("origins[1].originId"))
	},
	"without-streaming": func(t *testing.T, r *pulumitest.Recorder) {
		assert.Empty(t, r.OfType("aws:apigateway/restApi:RestApi"))
		assert.True(t, r.Only(t, distribution).Input("origins[1]").IsNull())
		for _, f := range r.OfType("aws:lambda/function:Function") {
			assert.NotContains(t, f.Name, "stream")
		}
	},
	"private-network": func(t *testing.T, r *pulumitest.Recorder) {
		assert.Equal(t, "10.20.0.0/16", r.Only(t, "aws:ec2/vpc:Vpc").Text("cidrBlock"))
		assert.Empty(t, r.OfType("aws:ec2/natGateway:NatGateway"))
		var endpoints []string
		for _, endpoint := range r.OfType("aws:ec2/vpcEndpoint:VpcEndpoint") {
			if endpoint.Text("vpcEndpointType") == "Interface" {
				endpoints = append(endpoints, endpoint.Text("serviceName"))
			}
		}
		assert.Equal(t, []string{"com.amazonaws.eu-west-1.bedrock-runtime"}, endpoints)
		assert.Len(t, r.OfType("aws:lb/targetGroupAttachment:TargetGroupAttachment"), 2)
		assert.NotEmpty(t, r.Named(t, "aws:lambda/function:Function", "model-function").Input("vpcConfig.subnetIds").ArrayValue())
	},
	"openai-compatible-server": func(t *testing.T, r *pulumitest.Recorder) {
		assert.Equal(t, "openai", modelVariable(t, r, "GATEHOUSE_MODEL_BACKEND"))
		assert.Equal(t, "https://llm.example.com/v1", modelVariable(t, r, "GATEHOUSE_MODEL_BASE_URL"))
		policy := r.Named(t, "aws:iam/rolePolicy:RolePolicy", "model-function-policy").Text("policy")
		assert.Contains(t, policy, ":parameter/gatehouse/model-key")
		assert.NotContains(t, policy, "bedrock:")
	},
	"vault-certificates": func(t *testing.T, r *pulumitest.Recorder) {
		assert.Equal(t, "inference.example.com", r.Only(t, "vault:pkiSecret/secretBackendCert:SecretBackendCert").Text("commonName"))
		assert.Equal(t, "inference", r.Only(t, "kubernetes:core/v1:Secret").Text("metadata.namespace"))
		assert.Equal(t, "HTTPS", r.Only(t, "aws:lb/targetGroup:TargetGroup").Text("protocol"))
		assert.Equal(t, "registry.example.com/inference:1.4.2", r.Only(t, "kubernetes:apps/v1:Deployment").Text("spec.template.spec.containers[0].image"))
		r.Only(t, "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding")
	},
	"cert-manager": func(t *testing.T, r *pulumitest.Recorder) {
		certificate := r.Only(t, "kubernetes:cert-manager.io/v1:Certificate")
		assert.Equal(t, "inference.example.com", certificate.Text("spec.commonName"))
		assert.Equal(t, "240h0m0s", certificate.Text("spec.renewBefore"))
		assert.Equal(t, "https://vault.example.com:8200", r.Only(t, "kubernetes:cert-manager.io/v1:Issuer").Text("spec.vault.server"))
		assert.Empty(t, r.OfType("vault:pkiSecret/secretBackendCert:SecretBackendCert"), "the program issues no certificate itself")
	},
}

func modelVariable(t *testing.T, r *pulumitest.Recorder, name string) string {
	t.Helper()
	return r.Named(t, "aws:lambda/function:Function", "model-function").Text("environment.variables." + name)
}

func TestExamples(t *testing.T) {
	t.Setenv("VAULT_NAMESPACE", "")
	artifacts := pulumitest.Artifacts(t)
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		t.Run(name, func(t *testing.T) {
			s := settingsOfFile(t, "../../Pulumi.yaml", filepath.Join("../../examples", name), name)
			recorder := &pulumitest.Recorder{}
			require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
				return stack.Deploy(ctx, s, artifacts, "")
			}, pulumi.WithMocks(pulumitest.Project, name, recorder)))
			examples[name](t, recorder)
		})
	}
}

// settingsOfFile loads Pulumi.<stack>.yaml in folder with Pulumi's own code, checks it
// against the types of the project's file as the CLI does, and reads it as the program
// reads what the engine passes to it.
func settingsOfFile(t *testing.T, projectFile, folder, stack string) config.Settings {
	t.Helper()
	project, err := workspace.LoadProject(projectFile)
	require.NoError(t, err)
	sink := diag.DefaultSink(os.Stdout, os.Stderr, diag.FormatOptions{Color: colors.Never})
	file, err := workspace.LoadProjectStack(sink, project, filepath.Join(folder, "Pulumi."+stack+".yaml"))
	require.NoError(t, err)
	values, err := file.Config.Decrypt(engineconfig.NopDecrypter)
	require.NoError(t, err)
	passed := map[string]string{}
	for key, value := range values {
		passed[key.String()] = value
		if key.Namespace() != config.Namespace {
			continue
		}
		typ, declared := project.Config[key.Name()]
		require.True(t, declared, "%s is in Pulumi.yaml", key)
		var content any = value
		if file.Config[key].Object() {
			require.NoError(t, json.Unmarshal([]byte(value), &content))
		}
		assert.True(t, workspace.ValidateConfigValue(*typ.Type, typ.Items, content), "%s: %s is a value of type %s", key, value, *typ.Type)
	}
	encoded, err := json.Marshal(passed)
	require.NoError(t, err)
	t.Setenv(pulumi.EnvConfig, string(encoded))
	t.Setenv(pulumi.EnvConfigSecretKeys, "")
	t.Setenv(pulumi.EnvStack, stack)
	t.Chdir(folder)
	s, err := config.FromEngine()
	require.NoError(t, err)
	return s
}

// Each example has a page that README.md of the examples lists, and a configuration that
// is tested.
func TestEveryExampleHasAPage(t *testing.T) {
	list, err := os.ReadFile("../../examples/README.md")
	require.NoError(t, err)
	folders, err := os.ReadDir("../../examples")
	require.NoError(t, err)
	var found []string
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		name := folder.Name()
		assert.Contains(t, string(list), "| ["+name+"]("+name+") |", "examples/README.md lists it")
		page, err := os.ReadFile(filepath.Join("../../examples", name, "README.md"))
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(page), "# "), name)
		if name != "client" { // a program of its own, with a test
			found = append(found, name)
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(examples)), found)
}
