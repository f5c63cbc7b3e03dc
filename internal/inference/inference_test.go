package inference_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/inference"
	"github.com/gatehouse-iac/gatehouse/internal/network"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
)

const certificateARN = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"

// defaults are the settings of an empty configuration, with a change or two.
func defaults(t testing.TB, changes ...func(*config.Inference)) config.Inference {
	s := pulumitest.Settings(t).Inference
	for _, change := range changes {
		change(&s)
	}
	return s
}

func withTargets(s *config.Inference) { s.Targets = []string{"10.0.10.25", "10.0.11.25"} }

func overHTTPS(s *config.Inference) { s.Protocol, s.Port = "HTTPS", 8443 }

func withCertificate(s *config.Inference) {
	s.CertificateARN, s.ServerName = certificateARN, "model.example.com"
}

// combinations are all of those choices, each made or not.
func combinations(t testing.TB) map[string]config.Inference {
	all := map[string]config.Inference{}
	for choice := range 8 {
		s := defaults(t)
		var name []string
		for bit, c := range []struct {
			name   string
			change func(*config.Inference)
		}{{"targets", withTargets}, {"https", overHTTPS}, {"certificate", withCertificate}} {
			if choice&(1<<bit) != 0 {
				c.change(&s)
				name = append(name, c.name)
			}
		}
		all["with "+strings.Join(name, "+")] = s
	}
	return all
}

// declare declares the way to the private model and the API that uses it.
func declare(t testing.TB, ctx *pulumi.Context, s config.Inference) (*inference.Inference, error) {
	private, err := inference.New(ctx, "inference", &inference.Args{
		Deployment: pulumitest.Deployment(t),
		Settings:   s,
		Attachment: network.Attachment{
			VPCID:            pulumi.String("vpc-1"),
			CIDRs:            []string{"10.0.0.0/16", "100.64.0.0/16"},
			PrivateSubnetIDs: pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
		},
	})
	if err != nil {
		return nil, err
	}
	all := pulumitest.Settings(t)
	_, err = httpapi.New(ctx, "gateway", &httpapi.Args{
		Deployment: pulumitest.Deployment(t),
		Gateway:    all.Gateway,
		Key:        all.Key,
		Keyring:    rotation.Keyring{Path: "/ring", KMSKeyARN: pulumi.String("arn:kms").ToStringOutput()},
		Routes:     []httpapi.Route{private.Route},
	})
	return private, err
}

func run(t testing.TB, s config.Inference) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := declare(t, ctx, s)
		return err
	})
}

// each runs check against every combination.
func each(t *testing.T, check func(t *testing.T, s config.Inference, r *pulumitest.Recorder)) {
	for name, s := range combinations(t) {
		t.Run(name, func(t *testing.T) { check(t, s, run(t, s)) })
	}
}

// edge is a connection that security groups allow.
type edge struct{ from, to, ports string }

// edges reads the rules of one direction: both have to say the same.
func edges(r *pulumitest.Recorder, typ string, outward bool) []edge {
	var all []edge
	for _, rule := range r.OfType(typ) {
		e := edge{
			from:  rule.Text("securityGroupId"),
			to:    rule.Text("referencedSecurityGroupId"),
			ports: fmt.Sprint(rule.Text("ipProtocol"), " ", rule.Input("fromPort").V, "-", rule.Input("toPort").V),
		}
		if !outward {
			e.from, e.to = e.to, e.from
		}
		all = append(all, e)
	}
	return all
}

func TestSecurityGroupsReachOnlyTheNextOne(t *testing.T) {
	each(t, func(t *testing.T, s config.Inference, r *pulumitest.Recorder) {
		listener := 80
		if s.CertificateARN != "" {
			listener = 443
		}
		want := []edge{
			{"inference-link-group-id", "inference-load-balancer-group-id", fmt.Sprintf("tcp %d-%d", listener, listener)},
			{"inference-load-balancer-group-id", "inference-targets-group-id", fmt.Sprintf("tcp %d-%d", s.Port, s.Port)},
		}
		assert.ElementsMatch(t, want, edges(r, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", true))
		assert.ElementsMatch(t, want, edges(r, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", false))
	})
}

// addressRange finds networks, such as "from anywhere", in a rule: all rules are by
// reference.
var addressRange = regexp.MustCompile(`(?i)cidr|prefixList`)

func TestSecurityGroupRulesHaveNoAddresses(t *testing.T) {
	each(t, func(t *testing.T, _ config.Inference, r *pulumitest.Recorder) {
		groups := r.OfType("aws:ec2/securityGroup:SecurityGroup")
		require.Len(t, groups, 3)
		for _, group := range groups {
			assert.NotContains(t, group.Inputs, resource.PropertyKey("ingress"), "%s: rules are resources of their own", group.Name)
			assert.NotContains(t, group.Inputs, resource.PropertyKey("egress"), "%s: rules are resources of their own", group.Name)
			assert.Equal(t, "vpc-1", group.Text("vpcId"))
			assert.Regexp(t, `^[a-zA-Z0-9 ._:/()#,@\[\]+=&;{}!$*-]+$`, group.Text("description"), "EC2 takes nothing else")
		}
		for _, rule := range r.All() {
			if strings.Contains(rule.Type, "securityGroup") {
				assert.NotRegexp(t, addressRange, fmt.Sprint(rule.Inputs.Mappable()), rule.Name)
			}
			if strings.HasPrefix(rule.Type, "aws:vpc/") {
				assert.NotEmpty(t, rule.Text("referencedSecurityGroupId"), rule.Name)
			}
		}
	})
}

func TestLoadBalancerIsInternal(t *testing.T) {
	each(t, func(t *testing.T, _ config.Inference, r *pulumitest.Recorder) {
		balancer := r.Only(t, "aws:lb/loadBalancer:LoadBalancer")
		assert.Equal(t, "application", balancer.Text("loadBalancerType"))
		assert.True(t, balancer.Input("internal").BoolValue())
		assert.True(t, balancer.Input("dropInvalidHeaderFields").BoolValue())
		assert.Equal(t, []any{"subnet-1", "subnet-2"}, balancer.Input("subnets").Mappable())
		assert.Equal(t, []any{"inference-load-balancer-group-id"}, balancer.Input("securityGroups").Mappable())
	})
}

func TestListenerUsesTLSWithACertificate(t *testing.T) {
	each(t, func(t *testing.T, s config.Inference, r *pulumitest.Recorder) {
		listener := r.Only(t, "aws:lb/listener:Listener")
		want := resource.PropertyMap{
			"loadBalancerArn": resource.NewProperty("arn:aws:mock:::LoadBalancer/inference-load-balancer"),
			"protocol":        resource.NewProperty("HTTP"),
			"port":            resource.NewProperty(80.0),
			"defaultActions": resource.NewProperty([]resource.PropertyValue{resource.NewProperty(resource.PropertyMap{
				"type":           resource.NewProperty("forward"),
				"targetGroupArn": resource.NewProperty("arn:aws:mock:::TargetGroup/inference-targets"),
			})}),
		}
		if s.CertificateARN != "" {
			want["protocol"] = resource.NewProperty("HTTPS")
			want["port"] = resource.NewProperty(443.0)
			want["certificateArn"] = resource.NewProperty(certificateARN)
			want["sslPolicy"] = resource.NewProperty("ELBSecurityPolicy-TLS13-1-2-2021-06")
		}
		assert.Equal(t, want, listener.Inputs)
	})
}

func TestTargetGroupHasIPTargets(t *testing.T) {
	each(t, func(t *testing.T, s config.Inference, r *pulumitest.Recorder) {
		group := r.Only(t, "aws:lb/targetGroup:TargetGroup")
		assert.Equal(t, "vpc-1", group.Text("vpcId"))
		assert.Equal(t, "ip", group.Text("targetType"))
		assert.Equal(t, s.Protocol, group.Text("protocol"))
		assert.InDelta(t, s.Port, group.Input("port").NumberValue(), 0)
		assert.Equal(t, s.Protocol, group.Text("healthCheck.protocol"))
		assert.Equal(t, "/healthz", group.Text("healthCheck.path"))
		assert.Equal(t, "200", group.Text("healthCheck.matcher"))
	})
}

func TestOnlyTargetsOfTheSettingsAreRegistered(t *testing.T) {
	each(t, func(t *testing.T, s config.Inference, r *pulumitest.Recorder) {
		registered := []string{}
		for _, target := range r.OfType("aws:lb/targetGroupAttachment:TargetGroupAttachment") {
			registered = append(registered, target.Text("targetId"))
			assert.InDelta(t, s.Port, target.Input("port").NumberValue(), 0)
			assert.Equal(t, "arn:aws:mock:::TargetGroup/inference-targets", target.Text("targetGroupArn"))
		}
		assert.ElementsMatch(t, s.Targets, registered)
	})
}

func TestTargetsOutsideOfTheVPCAreRejected(t *testing.T) {
	_, err := pulumitest.Run(func(ctx *pulumi.Context) error {
		_, err := declare(t, ctx, defaults(t, func(s *config.Inference) { s.Targets = []string{"10.0.10.25", "10.1.10.25"} }))
		return err
	})
	require.ErrorContains(t, err, `gatehouse:inferenceTargets has "10.1.10.25"; allowed: addresses in the VPC, 10.0.0.0/16, 100.64.0.0/16`)
	r := run(t, defaults(t, func(s *config.Inference) { s.Targets = []string{"100.64.10.25"} }))
	assert.Equal(t, "100.64.10.25", r.Only(t, "aws:lb/targetGroupAttachment:TargetGroupAttachment").Text("targetId"))
}

func TestListenerDependsOnRulesAndTargets(t *testing.T) {
	each(t, func(t *testing.T, _ config.Inference, r *pulumitest.Recorder) {
		var behind []string
		for _, g := range r.All() {
			if strings.HasPrefix(g.Type, "aws:vpc/") || g.Type == "aws:lb/targetGroupAttachment:TargetGroupAttachment" {
				behind = append(behind, g.Name)
			}
		}
		listener := r.Only(t, "aws:lb/listener:Listener")
		var before []string
		for _, dependency := range listener.Request.GetDependencies() {
			before = append(before, urn.URN(dependency).Name())
		}
		assert.Subset(t, before, behind)
	})
}

func TestRouteHasTheAuthorizerAndRemovesTheKey(t *testing.T) {
	each(t, func(t *testing.T, s config.Inference, r *pulumitest.Recorder) {
		route := r.Only(t, "aws:apigatewayv2/route:Route")
		assert.Equal(t, "ANY /api/inference/{proxy+}", route.Text("routeKey"))
		assert.Equal(t, "CUSTOM", route.Text("authorizationType"))
		assert.Equal(t, "gateway-origin-key-id", route.Text("authorizerId"))
		assert.Equal(t, "integrations/gateway-inference-integration-id", route.Text("target"))

		integration := r.Only(t, "aws:apigatewayv2/integration:Integration")
		assert.Equal(t, "VPC_LINK", integration.Text("connectionType"))
		assert.Equal(t, "inference-link-id", integration.Text("connectionId"))
		assert.Equal(t, r.Only(t, "aws:lb/listener:Listener").Name, strings.TrimPrefix(integration.Text("integrationUri"), "arn:aws:mock:::Listener/"))
		assert.Equal(t, map[string]any{
			"overwrite:path":                "/$request.path.proxy",
			"remove:header.x-origin-verify": "''",
		}, integration.Input("requestParameters").Mappable())
		assert.InDelta(t, 29_000, integration.Input("timeoutMilliseconds").NumberValue(), 0)
		assert.Equal(t, s.ServerName, integration.Text("tlsConfig.serverNameToVerify"))
	})
}

func TestSettingsReachTheRoute(t *testing.T) {
	r := run(t, defaults(t, func(s *config.Inference) { s.Prefix, s.Timeout = "/api/private/v1", 5*time.Second }))
	assert.Equal(t, "ANY /api/private/v1/{proxy+}", r.Only(t, "aws:apigatewayv2/route:Route").Text("routeKey"))
	assert.InDelta(t, 5000, r.Only(t, "aws:apigatewayv2/integration:Integration").Input("timeoutMilliseconds").NumberValue(), 0)
}

func TestLinkIsInThePrivateSubnets(t *testing.T) {
	each(t, func(t *testing.T, _ config.Inference, r *pulumitest.Recorder) {
		link := r.Only(t, "aws:apigatewayv2/vpcLink:VpcLink")
		assert.Equal(t, []any{"subnet-1", "subnet-2"}, link.Input("subnetIds").Mappable())
		assert.Equal(t, []any{"inference-link-group-id"}, link.Input("securityGroupIds").Mappable())
	})
}

// A fixed name makes the engine delete a resource before it creates its replacement,
// and in between every request fails.
func TestReplacementsAreCreatedFirst(t *testing.T) {
	each(t, func(t *testing.T, _ config.Inference, r *pulumitest.Recorder) {
		for _, g := range r.All() {
			if !strings.HasPrefix(g.Name, "inference-") {
				continue
			}
			assert.NotContains(t, g.Inputs, resource.PropertyKey("name"), g.Name)
			assert.NotContains(t, g.Inputs, resource.PropertyKey("namePrefix"), g.Name)
			assert.False(t, g.Request.GetDeleteBeforeReplace(), g.Name)
			if g.Type == "aws:lb/loadBalancer:LoadBalancer" {
				assert.Equal(t, []string{"securityGroups"}, g.Request.GetReplaceOnChanges(), "another VPC is another load balancer")
			} else {
				assert.Empty(t, g.Request.GetReplaceOnChanges(), g.Name)
			}
		}
	})
}

// longestName is what Elastic Load Balancing allows; the engine adds a hyphen and
// seven characters to the names here.
const longestName = 32

func TestNamesLeaveRoomForTheEnginesSuffix(t *testing.T) {
	r := run(t, defaults(t))
	for _, typ := range []string{"aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"} {
		assert.LessOrEqual(t, len(r.Only(t, typ).Name)+len("-1234567"), longestName)
	}
}

// What changes in place would fail requests until the rest of the update is done:
// it gets another name, so that old and new are there side by side.
func TestAnotherPortOrProtocolIsAnotherResource(t *testing.T) {
	names := func(s config.Inference) []string {
		var all []string
		for _, g := range run(t, s).All() {
			if g.Type == "aws:lb/listener:Listener" || strings.HasPrefix(g.Type, "aws:vpc/") {
				all = append(all, g.Name)
			}
		}
		slices.Sort(all)
		return all
	}
	before, after := names(defaults(t)), names(defaults(t, withCertificate, overHTTPS))
	require.Len(t, before, 5)
	require.Len(t, after, 5)
	for _, name := range before {
		assert.NotContains(t, after, name)
	}
}

func TestEveryResourceIsAChildWithItsName(t *testing.T) {
	each(t, func(t *testing.T, _ config.Inference, r *pulumitest.Recorder) {
		for _, g := range r.All() {
			if strings.HasPrefix(g.Name, "inference-") {
				assert.Equal(t, "gatehouse:inference:Inference", string(urn.URN(g.Request.GetParent()).Type()), g.Name)
			}
			if tags := g.Input("tags"); tags.IsObject() {
				assert.Regexp(t, `^gatehouse-test-inference-`, g.Text("tags.Name"), g.Name)
			}
		}
	})
}

func TestURLIsTheListeners(t *testing.T) {
	for url, s := range map[string]config.Inference{
		"http://internal-inference.eu-west-1.elb.amazonaws.com":  defaults(t),
		"https://internal-inference.eu-west-1.elb.amazonaws.com": defaults(t, withCertificate),
	} {
		port := map[bool]int{true: 443, false: 80}[s.CertificateARN != ""]
		got := pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
			private, err := declare(t, ctx, s)
			if err != nil {
				return nil, err
			}
			assert.Equal(t, port, private.Port)
			return pulumi.Map{"url": private.URL}, nil
		})
		assert.Equal(t, map[string]any{"url": url}, got)
	}
}

func TestOutputs(t *testing.T) {
	got := pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		private, err := declare(t, ctx, defaults(t))
		if err != nil {
			return nil, err
		}
		return pulumi.Map{
			"vpcLinkId":           private.VPCLinkID,
			"loadBalancerArn":     private.LoadBalancerARN,
			"loadBalancerDnsName": private.LoadBalancerDNSName,
			"targetGroupArn":      private.TargetGroupARN,
			"securityGroupIds":    private.SecurityGroupIDs,
		}, nil
	})
	assert.Equal(t, map[string]any{
		"vpcLinkId":           "inference-link-id",
		"loadBalancerArn":     "arn:aws:mock:::LoadBalancer/inference-load-balancer",
		"loadBalancerDnsName": "internal-inference.eu-west-1.elb.amazonaws.com",
		"targetGroupArn":      "arn:aws:mock:::TargetGroup/inference-targets",
		"securityGroupIds": map[string]any{
			"vpcLink":      "inference-link-group-id",
			"loadBalancer": "inference-load-balancer-group-id",
			"targets":      "inference-targets-group-id",
		},
	}, got)
}
