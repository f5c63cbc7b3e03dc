package network_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/network"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// own returns the default settings of the stack's own network, with changes.
func own(t testing.TB, changes ...func(*config.Network)) config.Network {
	t.Helper()
	s := pulumitest.Settings(t).Network
	for _, change := range changes {
		change(&s)
	}
	return s
}

func deploy(t testing.TB, s config.Network) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, program(t, s))
}

func program(t testing.TB, s config.Network) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := network.New(ctx, "network", &network.Args{Deployment: pulumitest.Deployment(t), Settings: s})
		return err
	}
}

// combinations returns all combinations of settings of the stack's own network.
func combinations(t testing.TB) map[string]config.Network {
	all := map[string]config.Network{}
	for zones := 2; zones <= 3; zones++ {
		for _, nat := range []string{config.NATNone, config.NATSingle, config.NATPerZone} {
			for _, endpoints := range [][]string{nil, {"bedrock-runtime"}, {"ecr.api", "ecr.dkr", "logs"}} {
				for _, ipv6 := range []bool{false, true} {
					for _, flowLogs := range []string{config.FlowLogsToCloudWatch, config.FlowLogsToS3} {
						name := fmt.Sprintf("%d zones, NAT %s, %d endpoints, IPv6 %t, flow logs to %s", zones, nat, len(endpoints), ipv6, flowLogs)
						all[name] = own(t, func(s *config.Network) {
							s.ZoneCount, s.NAT, s.InterfaceEndpoints, s.IPv6 = zones, nat, endpoints, ipv6
							s.FlowLogs.Destination = flowLogs
							if flowLogs == config.FlowLogsToS3 {
								s.FlowLogs.BucketARN = "arn:aws:s3:::logs/vpc"
							}
						})
					}
				}
			}
		}
	}
	return all
}

func each(t *testing.T, check func(t *testing.T, s config.Network, r *pulumitest.Recorder)) {
	for name, s := range combinations(t) {
		t.Run(name, func(t *testing.T) { check(t, s, deploy(t, s)) })
	}
}

func TestEveryVPCHasFlowLogsAndAnEmptyDefaultGroup(t *testing.T) {
	each(t, func(t *testing.T, s config.Network, r *pulumitest.Recorder) {
		vpc := r.Only(t, "aws:ec2/vpc:Vpc")
		assert.Equal(t, "10.0.0.0/16", vpc.Text("cidrBlock"))
		assert.True(t, vpc.Input("enableDnsSupport").BoolValue())
		assert.True(t, vpc.Input("enableDnsHostnames").BoolValue())
		assert.Equal(t, s.IPv6, vpc.Input("assignGeneratedIpv6CidrBlock").BoolValue())

		log := r.Only(t, "aws:ec2/flowLog:FlowLog")
		assert.Equal(t, "network-vpc-id", log.Text("vpcId"))
		assert.Equal(t, "ALL", log.Text("trafficType"))
		if s.FlowLogs.Destination == config.FlowLogsToS3 {
			assert.Equal(t, "s3", log.Text("logDestinationType"))
			assert.Equal(t, "arn:aws:s3:::logs/vpc", log.Text("logDestination"))
			assert.Empty(t, r.OfType("aws:iam/role:Role"))
		} else {
			assert.Equal(t, "cloud-watch-logs", log.Text("logDestinationType"))
			assert.Equal(t, "arn:aws:mock:::LogGroup/network-flow-logs", log.Text("logDestination"))
			assert.Equal(t, "arn:aws:mock:::Role/network-flow-logs-role", log.Text("iamRoleArn"))
		}

		group := r.Only(t, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
		assert.Equal(t, "network-vpc-id", group.Text("vpcId"))
		assert.Empty(t, group.Input("ingress").ArrayValue())
		assert.Empty(t, group.Input("egress").ArrayValue())
	})
}

func TestOnlyPublicSubnetsAssignPublicAddresses(t *testing.T) {
	each(t, func(t *testing.T, s config.Network, r *pulumitest.Recorder) {
		subnets := r.OfType("aws:ec2/subnet:Subnet")
		require.Len(t, subnets, 3*s.ZoneCount)
		for _, subnet := range subnets {
			public := strings.HasPrefix(subnet.Name, "network-public-")
			assert.Equal(t, public, subnet.Input("mapPublicIpOnLaunch").BoolValue(), subnet.Name)
		}
	})
}

func TestNoSecurityGroupIsOpenToAnyAddress(t *testing.T) {
	each(t, func(t *testing.T, s config.Network, r *pulumitest.Recorder) {
		for _, group := range r.OfType("aws:ec2/securityGroup:SecurityGroup") {
			assert.True(t, group.Input("ingress").IsNull(), "the rules of %s are apart", group.Name)
			assert.True(t, group.Input("egress").IsNull(), "the rules of %s are apart", group.Name)
		}
		assert.Empty(t, r.OfType("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"))
		rules := r.OfType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
		if len(s.InterfaceEndpoints) == 0 {
			assert.Empty(t, rules)
			return
		}
		require.Len(t, rules, 1)
		assert.Equal(t, "10.0.0.0/16", rules[0].Text("cidrIpv4"))
		assert.InDelta(t, 443, rules[0].Input("fromPort").NumberValue(), 0)
		assert.InDelta(t, 443, rules[0].Input("toPort").NumberValue(), 0)
		assert.Equal(t, "tcp", rules[0].Text("ipProtocol"))
	})
}

// routes returns the routes of a tier in one zone, as a map from destination to target.
func routes(t testing.TB, r *pulumitest.Recorder, tier string, zone int) map[string]string {
	t.Helper()
	association := r.Named(t, "aws:ec2/routeTableAssociation:RouteTableAssociation", fmt.Sprintf("network-%s-%d", tier, zone))
	assert.Equal(t, association.Name+"-id", association.Text("subnetId"))
	found := map[string]string{}
	for _, route := range r.OfType("aws:ec2/route:Route") {
		if route.Text("routeTableId") == association.Text("routeTableId") {
			to := route.Text("destinationCidrBlock") + route.Text("destinationIpv6CidrBlock")
			assert.NotContains(t, found, to, "two routes to the same destination")
			found[to] = route.Text("gatewayId") + route.Text("natGatewayId") + route.Text("egressOnlyGatewayId")
		}
	}
	return found
}

func TestRoutesOfEachTier(t *testing.T) {
	each(t, func(t *testing.T, s config.Network, r *pulumitest.Recorder) {
		for zone := range s.ZoneCount {
			public := map[string]string{"0.0.0.0/0": "network-internet-id"}
			private := map[string]string{}
			if s.IPv6 {
				public["::/0"] = "network-internet-id"
				private["::/0"] = "network-egress-only-id"
			}
			switch s.NAT {
			case config.NATSingle:
				private["0.0.0.0/0"] = "network-nat-0-id"
			case config.NATPerZone:
				private["0.0.0.0/0"] = fmt.Sprintf("network-nat-%d-id", zone)
			}
			assert.Equal(t, public, routes(t, r, "public", zone))
			assert.Equal(t, private, routes(t, r, "private", zone))
			assert.Empty(t, routes(t, r, "isolated", zone))
		}
	})
}

func TestNATGatewaysAreInPublicSubnetsOfTheirZones(t *testing.T) {
	each(t, func(t *testing.T, s config.Network, r *pulumitest.Recorder) {
		want := map[string]int{config.NATNone: 0, config.NATSingle: 1, config.NATPerZone: s.ZoneCount}[s.NAT]
		require.Len(t, r.OfType("aws:ec2/eip:Eip"), want)
		gateways := r.OfType("aws:ec2/natGateway:NatGateway")
		require.Len(t, gateways, want)
		for zone := range want {
			name := fmt.Sprintf("network-nat-%d", zone)
			gateway := r.Named(t, "aws:ec2/natGateway:NatGateway", name)
			assert.Equal(t, name+"-id", gateway.Text("allocationId"))
			assert.Equal(t, fmt.Sprintf("network-public-%d-id", zone), gateway.Text("subnetId"))
			assert.True(t, slices.ContainsFunc(gateway.Request.GetDependencies(), func(urn string) bool {
				return strings.HasSuffix(urn, "::network-internet")
			}), "a NAT gateway requires an internet gateway")
		}
	})
}

func TestEndpoints(t *testing.T) {
	each(t, func(t *testing.T, s config.Network, r *pulumitest.Recorder) {
		tables := r.OfType("aws:ec2/routeTable:RouteTable")
		for _, service := range []string{"s3", "dynamodb"} {
			endpoint := r.Named(t, "aws:ec2/vpcEndpoint:VpcEndpoint", "network-"+service+"-endpoint")
			assert.Equal(t, "Gateway", endpoint.Text("vpcEndpointType"))
			assert.Equal(t, "com.amazonaws.eu-west-1."+service, endpoint.Text("serviceName"))
			assert.Len(t, endpoint.Input("routeTableIds").ArrayValue(), len(tables), "in every route table")
		}
		require.Len(t, r.OfType("aws:ec2/vpcEndpoint:VpcEndpoint"), 2+len(s.InterfaceEndpoints))
		for _, service := range s.InterfaceEndpoints {
			endpoint := r.Named(t, "aws:ec2/vpcEndpoint:VpcEndpoint", "network-"+service+"-endpoint")
			assert.Equal(t, "Interface", endpoint.Text("vpcEndpointType"))
			assert.Equal(t, "com.amazonaws.eu-west-1."+service, endpoint.Text("serviceName"))
			assert.True(t, endpoint.Input("privateDnsEnabled").BoolValue())
			assert.Equal(t, "network-endpoints-group-id", endpoint.Text("securityGroupIds[0]"))
			assert.Len(t, endpoint.Input("subnetIds").ArrayValue(), s.ZoneCount)
			assert.Equal(t, "network-private-0-id", endpoint.Text("subnetIds[0]"))
		}
	})
}

func TestIPv6Addresses(t *testing.T) {
	each(t, func(t *testing.T, s config.Network, r *pulumitest.Recorder) {
		seen := map[string]bool{}
		for _, subnet := range r.OfType("aws:ec2/subnet:Subnet") {
			if !s.IPv6 {
				assert.True(t, subnet.Input("ipv6CidrBlock").IsNull())
				continue
			}
			cidr := subnet.Text("ipv6CidrBlock")
			assert.True(t, netip.MustParsePrefix("2001:db8:1234:1a00::/56").Contains(netip.MustParsePrefix(cidr).Addr()))
			assert.False(t, seen[cidr], "%s twice", cidr)
			seen[cidr] = true
			assert.True(t, subnet.Input("assignIpv6AddressOnCreation").BoolValue())
		}
	})
}

func TestAddingAZoneChangesNoExistingResource(t *testing.T) {
	for name, s := range combinations(t) {
		if s.ZoneCount != 2 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			before, more := deploy(t, s), s
			more.ZoneCount = 3
			after := deploy(t, more)
			for _, r := range before.All() {
				switch {
				case r.Type == "aws:ec2/vpcEndpoint:VpcEndpoint", !r.Custom():
					// Endpoints get another subnet or route table, without being replaced.
				default:
					assert.Equal(t, r.Input(""), after.Named(t, r.Type, r.Name).Input(""), "%s %s", r.Type, r.Name)
				}
			}
		})
	}
}

func TestTheFlowLogsRole(t *testing.T) {
	r := deploy(t, own(t))
	group := r.Only(t, "aws:cloudwatch/logGroup:LogGroup")
	assert.Equal(t, "/gatehouse/test/flow-logs", group.Text("name"))
	assert.InDelta(t, 30, group.Input("retentionInDays").NumberValue(), 0)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{
		"Sid": "FlowLogs", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
		"Condition": {
			"StringEquals": {"aws:SourceAccount": "123456789012"},
			"ArnLike": {"aws:SourceArn": "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*"}
		}
	}]}`, r.Only(t, "aws:iam/role:Role").Text("assumeRolePolicy"))
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{
		"Sid": "WriteFlowLogs", "Effect": "Allow",
		"Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
		"Resource": ["arn:aws:mock:::LogGroup/network-flow-logs:*"]
	}, {
		"Sid": "FindLogGroup", "Effect": "Allow", "Action": ["logs:DescribeLogGroups"], "Resource": ["*"]
	}]}`, r.Only(t, "aws:iam/rolePolicy:RolePolicy").Text("policy"))
}

func TestZones(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Network)
		want   []string
		err    string
	}{
		"the first two": {func(*config.Network) {}, []string{"eu-west-1a", "eu-west-1b"}, ""},
		"named": {
			func(s *config.Network) { s.Zones = []string{"eu-west-1c", "eu-west-1a"} },
			[]string{"eu-west-1c", "eu-west-1a"},
			"",
		},
		"unknown": {
			func(s *config.Network) { s.Zones = []string{"eu-west-1a", "eu-west-1z"} },
			nil, "networkZones names eu-west-1z, which this account doesn't have or where API Gateway makes no VPC links; allowed: eu-west-1a, eu-west-1b, eu-west-1c",
		},
		"without VPC links": {
			func(s *config.Network) { s.Zones = []string{"eu-west-1a", "eu-west-1d"} },
			nil, "networkZones names eu-west-1d",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := pulumitest.Run(program(t, own(t, c.change)))
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				assert.Empty(t, r.OfType("aws:ec2/vpc:Vpc"))
				return
			}
			require.NoError(t, err)
			for i, zone := range c.want {
				for _, tier := range []string{"public", "private", "isolated"} {
					assert.Equal(t, zone, r.Named(t, "aws:ec2/subnet:Subnet", fmt.Sprintf("network-%s-%d", tier, i)).Text("availabilityZone"))
				}
			}
		})
	}
}

func TestAttachmentAndOutputs(t *testing.T) {
	got := pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		n, err := network.New(ctx, "network", &network.Args{
			Deployment: pulumitest.Deployment(t),
			Settings:   own(t, func(s *config.Network) { s.InterfaceEndpoints = []string{"ssm"} }),
		})
		if err != nil {
			return nil, err
		}
		attachment := n.Attachment()
		return pulumi.Map{
			"vpc": attachment.VPCID, "cidrs": pulumi.ToStringArray(attachment.CIDRs), "attached": attachment.PrivateSubnetIDs,
			"public": n.PublicSubnetIDs, "private": n.PrivateSubnetIDs, "isolated": n.IsolatedSubnetIDs, "groups": n.SecurityGroupIDs,
		}, nil
	})
	assert.Equal(t, map[string]any{
		"vpc":      "network-vpc-id",
		"cidrs":    []any{"10.0.0.0/16"},
		"attached": []any{"network-private-0-id", "network-private-1-id"},
		"public":   []any{"network-public-0-id", "network-public-1-id"},
		"private":  []any{"network-private-0-id", "network-private-1-id"},
		"isolated": []any{"network-isolated-0-id", "network-isolated-1-id"},
		"groups":   map[string]any{"endpoints": "network-endpoints-group-id"},
	}, got)
}

func TestEveryResourceHasANameTag(t *testing.T) {
	for _, r := range deploy(t, combinations(t)["3 zones, NAT perZone, 3 endpoints, IPv6 true, flow logs to cloudwatch"]).All() {
		if tags := r.Input("tags"); !tags.IsNull() {
			assert.Contains(t, tags.ObjectValue(), resource.PropertyKey("Name"), r.Name)
		}
	}
}

// deployed mocks an account in which the VPC exists with another address range, which is
// the engine's result of an ignored change.
type deployed struct {
	*pulumitest.Recorder
	cidr string
}

func (d deployed) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	id, state, err := d.Recorder.NewResource(args)
	if args.TypeToken == "aws:ec2/vpc:Vpc" {
		state["cidrBlock"] = resource.NewProperty(d.cidr)
	}
	return id, state, err
}

func TestAddressRangeCantBeChanged(t *testing.T) {
	s := own(t, func(s *config.Network) { s.CIDR = netip.MustParsePrefix("10.1.0.0/16") })
	run := func(cidr string) (*pulumitest.Recorder, error) {
		d := deployed{&pulumitest.Recorder{}, cidr}
		return d.Recorder, pulumi.RunErr(program(t, s), pulumi.WithMocks(pulumitest.Project, pulumitest.Stack, d))
	}
	_, err := run("10.1.0.0/16")
	assert.NoError(t, err)

	r, err := run("10.0.0.0/16")
	assert.ErrorContains(t, err, "gatehouse:networkCidr is 10.1.0.0/16; allowed: 10.0.0.0/16")
	for _, made := range r.All() {
		assert.Contains(t, []string{"gatehouse:network:Network", "aws:ec2/vpc:Vpc"}, made.Type, "nothing in the VPC is declared")
	}
	assert.Equal(t, []string{"cidrBlock"}, r.Only(t, "aws:ec2/vpc:Vpc").Request.GetIgnoreChanges())
}
