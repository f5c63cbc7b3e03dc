package stack_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
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

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
	"github.com/gatehouse-iac/gatehouse/policy/rules"
)

const provider = "pulumi:providers:aws"

// shapes returns the settings of stacks that differ in their parts.
func shapes(t testing.TB) map[string]config.Settings {
	t.Helper()
	own := pulumitest.Settings(t)
	own.Network.Enabled = true
	own.Network.ZoneCount = 3
	own.Network.NAT = config.NATPerZone
	own.Network.IPv6 = true
	own.Network.InterfaceEndpoints = []string{"bedrock-runtime", "logs"}
	own.Inference.Targets = []string{"10.0.0.25"}
	own.Observability.Enabled = true

	existing := pulumitest.Settings(t)
	existing.Network.Enabled = true
	existing.Network.Existing = config.ExistingNetwork{
		VPCID:            pulumitest.ExistingVPC,
		PrivateSubnetIDs: []string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB},
	}

	return map[string]config.Settings{
		"defaults":                pulumitest.Settings(t),
		"own network":             own,
		"existing network":        existing,
		"certificate":             certificate(t, nil),
		"certificate by manager":  certificate(t, map[string]string{"certificateIssuer": config.IssuerCertManager}),
		"existing authority":      certificate(t, map[string]string{"certificateMount": pulumitest.ExistingMount, "kubernetesCreateNamespace": "false"}),
		"certificate and network": served(t),
		"bare edge":               bareEdge(t),
		"everything":              everything(t, served(t)),
		"private function":        privateFunction(t),
		"Bedrock with all":        bedrockWithAll(t),
		"clients":                 withClients(t, pulumitest.Settings(t), lambdaenv.ClientAccessKeys),
		"private clients":         withClients(t, privateFunction(t), lambdaenv.ClientAccessMigrating),
		"clients in existing VPC": withClients(t, inExistingVPC(t), lambdaenv.ClientAccessMigrating),
		"private keys":            withClients(t, privateFunction(t), lambdaenv.ClientAccessKeys),
		"issuers":                 withIssuers(t, withClients(t, privateFunction(t), lambdaenv.ClientAccessKeys)),
	}
}

// withClients returns s with clients, and with a price of each model.
func withClients(t testing.TB, s config.Settings, access string) config.Settings {
	t.Helper()
	s.Clients = pulumitest.Configured(t, map[string]string{"clientAccess": access}).Clients
	for _, id := range s.Model.IDs() {
		s.Clients.Prices[id] = price.Price{Input: price.Dollar, Output: price.Dollar}
	}
	return s
}

// withIssuers returns s with issuers of clients' tokens.
func withIssuers(t testing.TB, s config.Settings) config.Settings {
	t.Helper()
	s.Clients.Issuers = pulumitest.Configured(t, map[string]string{
		"clientAccess": lambdaenv.ClientAccessKeys,
		"oidcIssuers":  `["corp=https://login.example.com|gatehouse","ci=https://token.example.org/|https://api.example.com"]`,
	}).Clients.Issuers
	return s
}

// inExistingVPC returns settings with the API's function in an existing VPC.
func inExistingVPC(t testing.TB) config.Settings {
	t.Helper()
	s := pulumitest.Settings(t)
	s.Model.InVPC = true
	s.Network.Enabled = true
	s.Network.Existing = config.ExistingNetwork{
		VPCID:            pulumitest.ExistingVPC,
		PrivateSubnetIDs: []string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB},
	}
	return s
}

// kubeconfigToken is the credential in kubeconfig.
const kubeconfigToken = "the-kubeconfig-in-clear"

// kubeconfig is the kubeconfig of a cluster.
const kubeconfig = `{"current-context": "main",
	"contexts": [{"name": "main", "context": {"cluster": "main", "user": "main"}}],
	"clusters": [{"name": "main", "cluster": {"server": "https://cluster.example.com"}}],
	"users": [{"name": "main", "user": {"token": "` + kubeconfigToken + `"}}]}`

// certificate returns the settings of a stack with a certificate.
func certificate(t testing.TB, changes map[string]string) config.Settings {
	t.Helper()
	config := map[string]string{
		"vaultAddress":      "https://vault.example.com:8200",
		"certificateNames":  `["inference.example.com"]`,
		"kubernetesContext": "main",
		"workloadEnabled":   "true",
		"workloadImage":     "registry.example.com/gateway:1.4.2",
	}
	maps.Copy(config, changes)
	s := pulumitest.Configured(t, config)
	s.Kubernetes.Kubeconfig = kubeconfig
	return s
}

// served returns the settings of a stack whose private route leads to pods with a
// certificate.
func served(t testing.TB) config.Settings {
	t.Helper()
	return certificate(t, map[string]string{"networkEnabled": "true", "inferenceProtocol": "HTTPS", "workloadTargetGroup": "true"})
}

// bareEdge returns settings without the optional parts of the edge, streaming among them.
func bareEdge(t testing.TB) config.Settings {
	t.Helper()
	s := pulumitest.Settings(t)
	s.OriginFunction.Enabled = false
	s.Streaming.Enabled = false
	s.ResponseHeaders.ContentSecurityPolicy = ""
	s.ResponseHeaders.Removed = nil
	return s
}

// everything returns s with all optional parts of the edge, in another region than the
// one that CloudFront demands.
func everything(t testing.TB, s config.Settings) config.Settings {
	t.Helper()
	s.Region = "eu-central-1"
	s.Edge.CountriesBlocked = []string{"AQ"}
	s.Edge.ErrorDocuments = true
	s.Gateway.Playground = true
	s.Origin.ShieldRegion = "eu-central-1"
	s.CORS.Origins = []string{"https://app.example.com"}
	s.Firewall.Enabled = true
	s.AccessLogs.Enabled = true
	s.Domain.Names = []string{"api.example.com", "models.example.com"}
	s.Domain.ZoneID = pulumitest.Zone
	return s
}

// privateFunction returns settings with the API's function in the VPC, where it uses the
// private model with an API key.
func privateFunction(t testing.TB) config.Settings {
	t.Helper()
	s := pulumitest.Settings(t)
	s.Network.Enabled = true
	s.Network.InterfaceEndpoints = []string{"ssm"}
	s.Model.Backend, s.Model.ID, s.Model.InVPC = lambdaenv.BackendOpenAI, "llama3.2:1b", true
	s.Model.Server.APIKeyParameter = "/models/key"
	return s
}

// bedrockWithAll returns settings with all options of Bedrock, and traces.
func bedrockWithAll(t testing.TB) config.Settings {
	t.Helper()
	s := pulumitest.Settings(t)
	s.Gateway.Prefix = "/v1"
	s.Lambda.Tracing = true
	s.Model.ID, s.Model.Others = "eu.amazon.nova-micro-v1:0", []string{"amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0"}
	s.Model.Region = "eu-central-1"
	s.Model.Guardrail = config.Guardrail{ID: "gr1", Version: "1"}
	s.Model.ReservedConcurrency = 5
	return s
}

func deploy(t testing.TB, s config.Settings) *pulumitest.Recorder {
	t.Helper()
	artifacts := pulumitest.Artifacts(t)
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		return stack.Deploy(ctx, s, artifacts, "")
	})
}

// each runs a check for every shape.
func each(t *testing.T, check func(*testing.T, *pulumitest.Recorder)) {
	for name, s := range shapes(t) {
		t.Run(name, func(t *testing.T) { check(t, deploy(t, s)) })
	}
}

func TestResourcesFollowPolicyRules(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			declared := rules.Resource{Type: r.Type, Name: r.Name, Inputs: resource.FromResourcePropertyMap(r.Inputs)}
			for _, rule := range rules.All {
				assert.Empty(t, rule.Check(declared), "%s: %s %s", rule.Name, r.Type, r.Name)
			}
		}
	})
}

func TestResourcesBelongToComponents(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			parent := urn.URN(r.Request.GetParent())
			switch {
			case isProvider(r):
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

func TestComponentsRegisterTheirOutputs(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		components := slices.DeleteFunc(recorder.All(), func(r pulumitest.Registration) bool { return r.Custom() })
		require.NotEmpty(t, components)
		assert.Equal(t, len(components)+1, recorder.OutputRegistrations(), "one for each component and one for the stack")
	})
}

func isProvider(r pulumitest.Registration) bool {
	return strings.HasPrefix(r.Type, "pulumi:providers:")
}

func TestResourcesUseProviderOfTheirPackage(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		used := map[string]bool{}
		for _, r := range recorder.All() {
			if r.Custom() && !isProvider(r) {
				name, _, _ := strings.Cut(r.Type, ":")
				reference := r.Request.GetProvider()
				require.Contains(t, reference, "::pulumi:providers:"+name+"::", r.Name)
				used[urn.URN(reference[:strings.LastIndex(reference, "::")]).Name()] = true
			}
		}
		for _, r := range recorder.All() {
			if isProvider(r) && r.Name != "aws-model" { // no resource is created there: it is for look-ups
				assert.True(t, used[r.Name], "the provider %s is used", r.Name)
			}
		}
		for _, one := range []string{"pulumi:providers:vault", "pulumi:providers:kubernetes"} {
			assert.LessOrEqual(t, len(recorder.OfType(one)), 1, one)
		}
	})
}

// isGlobal reports whether CloudFront demands that the resource is in us-east-1.
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

// regional lists the types that are in one region, apart from those of isGlobal.
var regional = []string{
	"aws:apigatewayv2/", "aws:cloudwatch/", "aws:dynamodb/", "aws:ec2/", "aws:kms/", "aws:lambda/", "aws:lb/", "aws:s3/", "aws:scheduler/", "aws:sns/", "aws:sqs/", "aws:vpc/",
}

func TestResourcesAreInTheirRegion(t *testing.T) {
	for name, s := range shapes(t) {
		t.Run(name, func(t *testing.T) {
			recorder := deploy(t, s)
			regions := map[string]string{} // by the providers' names
			for _, p := range recorder.OfType(provider) {
				regions[p.Name] = p.Text("region")
			}
			want := map[string]string{"aws": s.Region}
			if s.Region != config.GlobalRegion {
				want["aws-us-east-1"] = config.GlobalRegion
			}
			if s.Model.Region != "" {
				want["aws-model"] = s.Model.Region
			}
			assert.Equal(t, want, regions)
			for _, r := range recorder.All() {
				if !r.Custom() || !strings.HasPrefix(r.Type, "aws:") {
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

func TestResourcesAreTagged(t *testing.T) {
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

// Lambda would create a log group by itself, without an expiry.
func TestFunctionsHaveLogGroup(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		names := map[string]bool{}
		for _, group := range recorder.OfType("aws:cloudwatch/logGroup:LogGroup") {
			names[group.Text("name")] = true
		}
		for _, function := range recorder.OfType("aws:lambda/function:Function") {
			name := function.Text("name")
			if runsInCloudFront(function) {
				name = "us-east-1." + function.Name // which the mocked provider made its name
			}
			assert.Contains(t, names, "/aws/lambda/"+name, "the program declares the log group of %s", function.Name)
		}
	})
}

func TestRoutesUseTheAuthorizer(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		authorizer := recorder.Named(t, "aws:apigatewayv2/authorizer:Authorizer", "gateway-origin-key").Name
		routes := recorder.OfType("aws:apigatewayv2/route:Route")
		require.NotEmpty(t, routes)
		requireClient := len(recorder.OfType("aws:apigatewayv2/authorizer:Authorizer")) == 2
		for _, route := range routes {
			want := authorizer
			if route.Name == "gateway-inference-route" && requireClient {
				want = "gateway-client"
			}
			assert.Equal(t, want+"-id", route.Text("authorizerId"), route.Name)
		}
	})
}

// A function decides about clients itself. The private model can't.
func TestPrivateRouteRequiresAClientWithKeys(t *testing.T) {
	for access, required := range map[string]bool{
		lambdaenv.ClientAccessOpen: false, lambdaenv.ClientAccessMigrating: false, lambdaenv.ClientAccessKeys: true,
	} {
		recorder := deploy(t, withClients(t, privateFunction(t), access))
		authorizers := recorder.OfType("aws:apigatewayv2/authorizer:Authorizer")
		authorizer := recorder.Named(t, "aws:lambda/function:Function", "gateway-authorizer")
		policies := slices.ContainsFunc(recorder.OfType("aws:iam/rolePolicy:RolePolicy"), func(r pulumitest.Registration) bool {
			return r.Name == "gateway-authorizer-clients-policy" && strings.Contains(r.Text("policy"), "dynamodb:")
		})
		integration := recorder.Named(t, "aws:apigatewayv2/integration:Integration", "gateway-inference-integration").Input("requestParameters").Mappable()
		assert.Equal(t, required, len(authorizers) == 2, access)
		// While clients migrate, the function must be able to decide about them: the route
		// begins or ends to require one in an update during which requests go on.
		clients := access != lambdaenv.ClientAccessOpen
		assert.Equal(t, clients, authorizer.Text("environment.variables.GATEHOUSE_CLIENTS_TABLE") != "", access)
		assert.Equal(t, clients, policies, access)
		assert.Equal(t, clients, strings.Contains(fmt.Sprint(integration), "remove:header.x-gatehouse-credential"), access)
	}
	recorder := deploy(t, withClients(t, pulumitest.Settings(t), lambdaenv.ClientAccessKeys))
	recorder.Only(t, "aws:apigatewayv2/authorizer:Authorizer")
	assert.NotContains(t, recorder.Named(t, "aws:iam/rolePolicy:RolePolicy", "gateway-authorizer-policy").Text("policy"), "dynamodb:")
}

// The HTTP API's authorizer accepts the REST API's requests, too. The rules of the policy
// pack look into the REST API's description.
func TestBothAPIsShareTheAuthorizersFunction(t *testing.T) {
	recorder := deploy(t, shapes(t)["defaults"])
	authorizers := map[string]bool{}
	for _, name := range []string{"gateway-authorizer-permission", "streaming-authorizer-permission"} {
		authorizers[recorder.Named(t, "aws:lambda/permission:Permission", name).Text("function")] = true
	}
	assert.Len(t, authorizers, 1)
	assert.Contains(t, recorder.Only(t, "aws:apigateway/restApi:RestApi").Text("body"), "functions/arn:aws:mock:::Function/gateway-authorizer/invocations")
}

func TestSecretsAreNeverInPlainText(t *testing.T) {
	secrets := []string{pulumitest.OriginKey, kubeconfigToken, pulumitest.Issued("inference.example.com").KeyPEM()}
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			plain := plainStrings(resource.NewProperty(r.Inputs))
			for i, secret := range secrets {
				for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
					assert.Falsef(t, strings.Contains(plain, form), "inputs of %s have secret %d", r.Name, i)
				}
			}
		}
	})
}

// A token in the state would be in old backups too, and be used by a later destroy.
func TestVaultTokenIsNotEvenASecret(t *testing.T) {
	t.Setenv("VAULT_TOKEN", "the-token-in-clear")
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			assert.NotContains(t, plainStrings(r.Input("")), "the-token-in-clear", r.Name)
			if r.Type == "pulumi:providers:vault" {
				assert.NotContains(t, r.Inputs, resource.PropertyKey("token"))
			}
		}
	})
}

// plainStrings returns all strings in value that aren't marked secret.
func plainStrings(value resource.PropertyValue) string {
	switch {
	case value.IsString():
		return value.StringValue() + "\n"
	case value.IsArray():
		var all strings.Builder
		for _, element := range value.ArrayValue() {
			all.WriteString(plainStrings(element))
		}
		return all.String()
	case value.IsObject():
		var all strings.Builder
		for key, field := range value.ObjectValue() {
			all.WriteString(string(key) + "\n" + plainStrings(field))
		}
		return all.String()
	default:
		return ""
	}
}

func TestProgramIsDeterministic(t *testing.T) {
	artifacts := pulumitest.Artifacts(t)
	for name, s := range shapes(t) {
		t.Run(name, func(t *testing.T) {
			run := func() map[string]string {
				all := map[string]string{}
				recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
					return stack.Deploy(ctx, s, artifacts, "")
				})
				for _, r := range recorder.All() {
					encoded, err := json.Marshal(r.Input("").Mappable())
					require.NoError(t, err)
					all[r.Type+" "+r.Name] = string(encoded)
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

// networkTypes lists the packages of types that only a network has.
var networkTypes = []string{"aws:ec2/", "aws:vpc/", "aws:lb/", "aws:apigatewayv2/vpcLink:"}

func isOfNetwork(r pulumitest.Registration) bool {
	return slices.ContainsFunc(networkTypes, func(start string) bool { return strings.HasPrefix(r.Type, start) })
}

func TestNetworkIsOptional(t *testing.T) {
	recorder := deploy(t, pulumitest.Settings(t))
	for _, r := range recorder.All() {
		assert.False(t, isOfNetwork(r), "%s %s", r.Type, r.Name)
	}
	for _, route := range recorder.OfType("aws:apigatewayv2/route:Route") {
		assert.Equal(t, "integrations/gateway-models-integration-id", route.Text("target"), "all routes target the function")
	}
}

// withoutClients returns settings whose API is open. With clients, a private route lets the
// authorizer read their table.
func withoutClients(s config.Settings) config.Settings {
	s.Clients.Access = lambdaenv.ClientAccessOpen
	return s
}

func TestOptionsOnlyAddResources(t *testing.T) {
	network := served(t)
	network.Certificate.Enabled = false
	all := shapes(t)
	for name, c := range map[string]struct {
		without config.Settings
		with    config.Settings
	}{
		"own network":               {withoutClients(pulumitest.Settings(t)), withoutClients(all["own network"])},
		"existing network":          {withoutClients(pulumitest.Settings(t)), withoutClients(all["existing network"])},
		"certificate":               {pulumitest.Settings(t), all["certificate"]},
		"certificate by manager":    {pulumitest.Settings(t), all["certificate by manager"]},
		"existing authority":        {pulumitest.Settings(t), all["existing authority"]},
		"certificate for a network": {network, served(t)},
	} {
		t.Run(name, func(t *testing.T) {
			with := deploy(t, c.with)
			for _, r := range deploy(t, c.without).All() {
				if r.Type == "aws:lambda/function:Function" {
					continue // the path of its archive differs in each run
				}
				assert.Equal(t, r.Input(""), with.Named(t, r.Type, r.Name).Input(""), "%s %s", r.Type, r.Name)
			}
		})
	}
}

func TestExistingVPCIsNotChanged(t *testing.T) {
	recorder := deploy(t, shapes(t)["existing network"])
	for _, r := range recorder.All() {
		if strings.HasPrefix(r.Type, "aws:ec2/") {
			assert.Equal(t, "aws:ec2/securityGroup:SecurityGroup", r.Type, "%s: only the security groups of the load balancer and the link are added", r.Name)
		}
	}
}

func TestOwnVPCHasFlowLogs(t *testing.T) {
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

func TestOnlyPublicSubnetsAssignPublicAddresses(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.OfType("aws:ec2/subnet:Subnet") {
			if r.Input("mapPublicIpOnLaunch").BoolValue() {
				assert.Contains(t, r.Name, "-public-")
			}
		}
	})
}

// wildcards lists the resources with a star that policies may have, each with its
// reason.
var wildcards = map[string]string{
	"gateway-authorizer-policy: arn:aws:mock:::LogGroup/gateway-authorizer-logs:log-stream:*":              "Lambda names the streams",
	"model-function-policy: arn:aws:mock:::LogGroup/model-function-logs:log-stream:*":                      "Lambda names the streams",
	"model-stream-function-policy: arn:aws:mock:::LogGroup/model-stream-function-logs:log-stream:*":        "Lambda names the streams",
	"rotation-rotator-policy: arn:aws:mock:::LogGroup/rotation-rotator-logs:log-stream:*":                  "Lambda names the streams",
	"rotation-rotator-policy: arn:aws:ssm:eu-central-1:123456789012:parameter/gatehouse/test/origin-key/*": "the rotator names the keys",
	"rotation-rotator-policy: arn:aws:ssm:us-east-1:123456789012:parameter/gatehouse/test/origin-key/*":    "the rotator names the keys",
	"network-flow-logs-policy: arn:aws:mock:::LogGroup/network-flow-logs:*":                                "VPC flow logs name the streams",
	"rotation-kms: *": "in the policy of a KMS key the star means this key",
	"edge-origin-policy: arn:aws:logs:*:123456789012:log-group:/aws/lambda/us-east-1.edge-origin":      "CloudFront runs the function in all regions",
	"edge-origin-policy: arn:aws:logs:*:123456789012:log-group:/aws/lambda/us-east-1.edge-origin:*":    "CloudFront runs the function in all regions, and Lambda names the streams",
	"firewall-logs-policy: arn:aws:mock:::LogGroup/firewall-logs:log-stream:*":                         "AWS WAF names the streams",
	"access-logs-policy: arn:aws:mock:::BucketV2/access-logs-bucket/AWSLogs/123456789012/CloudFront/*": "CloudFront names the objects",
	"gateway-authorizer-policy: *":                                                                              "traces are no resources",
	"rotation-rotator-policy: *":                                                                                "traces are no resources",
	"model-function-policy: *":                                                                                  "neither are network interfaces before they are made; the function's code can't use this",
	"model-function-policy: arn:aws:kms:us-east-1:123456789012:key/*":                                           "a condition names the one parameter, regardless of the key that encrypts it",
	"model-function-policy: arn:aws:bedrock:*:123456789012:guardrail-profile/*":                                 "AWS chooses the profile that a guardrail uses, and its Regions",
	"model-stream-function-policy: *":                                                                           "neither are network interfaces before they are made; the function's code can't use this",
	"model-stream-function-policy: arn:aws:kms:us-east-1:123456789012:key/*":                                    "a condition names the one parameter, regardless of the key that encrypts it",
	"model-stream-function-policy: arn:aws:bedrock:*:123456789012:guardrail-profile/*":                          "AWS chooses the profile that a guardrail uses, and its Regions",
	"schedule-rotator-policy: arn:aws:apigateway:us-east-1::/apis/gateway-api-id/stages/*/cache/authorizers":    "the API has one stage, whose name IAM may see as $default or as %24default",
	"schedule-rotator-policy: arn:aws:apigateway:eu-central-1::/apis/gateway-api-id/stages/*/cache/authorizers": "the API has one stage, whose name IAM may see as $default or as %24default",
	"network-flow-logs-policy: *":                                                                               "DescribeLogGroups is allowed on all groups or none",
	"schedule-rotator-policy: arn:aws:mock:::Function/edge-origin:*":                                            "a new version is in the distribution before a policy could name it",
}

func TestEveryWildcardHasAReason(t *testing.T) {
	seen := map[string]bool{}
	var all []pulumitest.Registration
	for _, shape := range []string{"own network", "everything", "private function", "Bedrock with all"} {
		all = append(all, deploy(t, shapes(t)[shape]).All()...)
	}
	for _, r := range all {
		if !strings.HasPrefix(r.Type, "aws:") {
			continue // Vault's policies are no documents
		}
		for _, input := range []string{"policy", "assumeRolePolicy", "policyDocument"} {
			for _, statement := range statements(t, r.Text(input)) {
				if statement.Effect == "Deny" {
					continue
				}
				assert.Equal(t, "Allow", statement.Effect, r.Name)
				assert.NotContains(t, slices.Collect(maps.Values(statement.Principal)), "*", r.Name)
				for _, action := range statement.Action {
					// AWS wants these with a star.
					if action != "lambda:DisableReplication*" && action != "lambda:EnableReplication*" {
						assert.NotContains(t, action, "*", "%s of %s", input, r.Name)
					}
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
	Condition        map[string]map[string]any // a string, or a list of them
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

func TestArchitectureDocumentListsComponents(t *testing.T) {
	document, err := os.ReadFile("../../docs/architecture.md")
	require.NoError(t, err)
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			if !r.Custom() {
				assert.Contains(t, string(document), "| `"+r.Type+"` |", "docs/architecture.md lists it")
			}
		}
	})
}

func isOfCertificates(r pulumitest.Registration) bool {
	return !strings.HasPrefix(r.Type, "aws:") && !strings.HasPrefix(r.Type, "gatehouse:") && r.Type != provider
}

func TestVaultIsOptional(t *testing.T) {
	for _, name := range []string{"defaults", "own network", "existing network"} {
		for _, r := range deploy(t, shapes(t)[name]).All() {
			assert.False(t, isOfCertificates(r), "%s %s", r.Type, r.Name)
		}
	}
}

func TestExistingAuthorityIsNotChanged(t *testing.T) {
	var ofVault []string
	for _, r := range deploy(t, shapes(t)["existing authority"]).All() {
		if strings.HasPrefix(r.Type, "vault:") {
			ofVault = append(ofVault, r.Name)
		}
	}
	assert.ElementsMatch(t, []string{"certificate-role", "certificate-policy", "certificate-leaf"}, ofVault)
}

func TestKubernetesObjectsHaveNamespaceAndLabels(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			if !strings.HasPrefix(r.Type, "kubernetes:") {
				continue
			}
			labels, ok := r.Input("metadata.labels").Mappable().(map[string]any)
			require.True(t, ok, r.Name)
			assert.Equal(t, "gatehouse-test", labels["app.kubernetes.io/instance"], r.Name)
			if r.Type != "kubernetes:core/v1:Namespace" {
				assert.Equal(t, "gatehouse", r.Text("metadata.namespace"), r.Name)
				assert.True(t, strings.HasPrefix(r.Text("metadata.name"), "gatehouse-test-"), r.Name)
			}
		}
	})
}

// Pods that start before the Secret exists would wait for it, and those of a load
// balancer before the binding would get requests too early.
func TestPodsAreCreatedAfterTheirCertificate(t *testing.T) {
	for name, issued := range map[string]string{"certificate": "certificate-secret", "certificate by manager": "certificate-certificate"} {
		recorder := deploy(t, shapes(t)[name])
		deployment := recorder.Only(t, "kubernetes:apps/v1:Deployment")
		assert.Contains(t, recorder.Before(deployment), issued, name)
	}
}

func TestPodsAreTargetsOfTargetGroup(t *testing.T) {
	recorder := deploy(t, served(t))
	binding := recorder.Only(t, "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding")
	group := recorder.Only(t, "aws:lb/targetGroup:TargetGroup")
	assert.Equal(t, "arn:aws:mock:::TargetGroup/"+group.Name, binding.Text("spec.targetGroupARN"))
	port := recorder.Only(t, "kubernetes:apps/v1:Deployment").Input("spec.template.spec.containers[0].ports[0].containerPort")
	assert.Equal(t, group.Input("port"), port)
	assert.Equal(t, "HTTPS", group.Text("protocol"))
}

func TestClusterIsTheOneOfTheSettings(t *testing.T) {
	recorder := deploy(t, certificate(t, nil))
	kubernetes := recorder.Only(t, "pulumi:providers:kubernetes")
	assert.JSONEq(t, `{"apiVersion": "v1", "kind": "Config", `+kubeconfig[1:], kubernetes.Text("kubeconfig"))
	assert.True(t, kubernetes.SecretAt("kubeconfig"))
	assert.Equal(t, "main", kubernetes.Text("context"))
	assert.Equal(t, "https://vault.example.com:8200", recorder.Only(t, "pulumi:providers:vault").Text("address"))
}

// The state has the name of the API key's parameter, not the key.
func TestServerAPIKeyIsInNoVariable(t *testing.T) {
	f := deploy(t, privateFunction(t)).Named(t, "aws:lambda/function:Function", "model-function")
	assert.Equal(t, "/models/key", f.Text("environment.variables.GATEHOUSE_MODEL_API_KEY_PARAMETER"))
}

func TestInferenceProfilesAreLookedUpInTheirRegion(t *testing.T) {
	recorder := deploy(t, bedrockWithAll(t))
	assert.Equal(t, "eu-central-1", recorder.Named(t, provider, "aws-model").Text("region"))
	assert.Len(t, deploy(t, pulumitest.Settings(t)).OfType(provider), 1, "no other provider unless needed")
}
