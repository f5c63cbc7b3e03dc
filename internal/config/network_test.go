package config

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/network/subnets"
)

func TestTheNetworkIsOffByDefault(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Equal(t, Network{
		CIDR: netip.MustParsePrefix("10.0.0.0/16"), Peers: []netip.Prefix{}, ZoneCount: 2, Zones: []string{}, NAT: NATNone,
		InterfaceEndpoints: []string{},
		FlowLogs:           FlowLogs{Destination: FlowLogsToCloudWatch},
		Existing:           ExistingNetwork{PrivateSubnetIDs: []string{}},
	}, s.Network)
}

func TestNetworkSettings(t *testing.T) {
	s, err := Load(map[string]string{
		"aws:region":                          "eu-west-1",
		"gatehouse:networkEnabled":            "true",
		"gatehouse:networkCidr":               "172.20.4.0/22",
		"gatehouse:networkPeerCidrs":          `["172.20.0.0/22", "10.0.0.0/8"]`,
		"gatehouse:networkZoneCount":          "3",
		"gatehouse:networkZones":              `["eu-west-1c", "eu-west-1a", "eu-west-1b"]`,
		"gatehouse:networkNat":                "perZone",
		"gatehouse:networkIpv6":               "true",
		"gatehouse:networkInterfaceEndpoints": `["bedrock-runtime", "ecr.dkr"]`,
		"gatehouse:networkFlowLogs":           "s3",
		"gatehouse:networkFlowLogsBucketArn":  "arn:aws:s3:::logs/vpc",
	})
	require.NoError(t, err)
	assert.Equal(t, Network{
		Enabled: true, CIDR: netip.MustParsePrefix("172.20.4.0/22"),
		Peers:     []netip.Prefix{netip.MustParsePrefix("172.20.0.0/22"), netip.MustParsePrefix("10.0.0.0/8")},
		ZoneCount: 3, Zones: []string{"eu-west-1c", "eu-west-1a", "eu-west-1b"}, NAT: NATPerZone, IPv6: true,
		InterfaceEndpoints: []string{"bedrock-runtime", "ecr.dkr"},
		FlowLogs:           FlowLogs{Destination: FlowLogsToS3, BucketARN: "arn:aws:s3:::logs/vpc"},
		Existing:           ExistingNetwork{PrivateSubnetIDs: []string{}},
	}, s.Network)
}

const twoSubnets = `["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]`

func TestAnExistingVPC(t *testing.T) {
	s, err := Load(map[string]string{
		"gatehouse:networkEnabled":          "true",
		"gatehouse:networkVpcId":            "vpc-0123456789abcdef0",
		"gatehouse:networkPrivateSubnetIds": twoSubnets,
		"gatehouse:networkCidr":             "10.0.0.0/16", // as the engine hands over a default
		"gatehouse:networkZones":            "[]",
	})
	require.NoError(t, err)
	assert.Equal(t, ExistingNetwork{
		VPCID:            "vpc-0123456789abcdef0",
		PrivateSubnetIDs: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
	}, s.Network.Existing)
}

func TestNetworkMistakesGetOneErrorEach(t *testing.T) {
	const existing = "vpc-0123456789abcdef0"
	type config map[string]string
	for name, c := range map[string]struct {
		config    config
		key, rule string
	}{
		"no network":            {config{"networkCidr": "ten"}, "networkCidr", "an IPv4 network such as 10.0.0.0/16"},
		"no prefix":             {config{"networkCidr": "10.0.0.0"}, "networkCidr", "an IPv4 network"},
		"IPv6":                  {config{"networkCidr": "fd00::/56"}, "networkCidr", "an IPv4 network"},
		"not the first address": {config{"networkCidr": "10.0.1.0/16"}, "networkCidr", "the network's first address: 10.0.0.0/16"},
		"too large":             {config{"networkCidr": "10.0.0.0/15"}, "networkCidr", "from /16, AWS's largest, to /22"},
		"too small":             {config{"networkCidr": "10.0.0.0/23"}, "networkCidr", "the smallest that has room for the subnets"},
		"public":                {config{"networkCidr": "52.0.0.0/16"}, "networkCidr", "within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"},
		"beside private":        {config{"networkCidr": "172.32.0.0/16"}, "networkCidr", "within 10.0.0.0/8"},
		"Docker's":              {config{"networkCidr": "172.17.4.0/22"}, "networkCidr", "doesn't overlap 172.17.0.0/16"},
		"a peer's":              {config{"networkPeerCidrs": `["10.1.0.0/16", "10.0.128.0/20"]`}, "networkCidr", "doesn't overlap 10.0.128.0/20"},
		"a peer's, which is larger": {
			config{"networkPeerCidrs": `["10.0.0.0/8"]`}, "networkCidr", "doesn't overlap 10.0.0.0/8, which gatehouse:networkPeerCidrs names",
		},
		"peer without prefix": {config{"networkPeerCidrs": `["10.1.0.0"]`}, "networkPeerCidrs", `"10.1.0.0" is not`},
		"peer inside":         {config{"networkPeerCidrs": `["10.1.0.1/16"]`}, "networkPeerCidrs", `"10.1.0.1/16" is not`},
		"one zone":            {config{"networkZoneCount": "1"}, "networkZoneCount", "from 2 to 3"},
		"four zones":          {config{"networkZoneCount": "4"}, "networkZoneCount", "from 2 to 3"},
		"zone without letter": {config{"networkZones": `["us-east-1a", "us-east-1"]`}, "networkZones", `"us-east-1" is not`},
		"zone id":             {config{"networkZones": `["use1-az1", "use1-az2"]`}, "networkZones", "an availability zone such as us-east-1a"},
		"foreign zone":        {config{"networkZones": `["us-east-1a", "eu-west-1b"]`}, "networkZones", "it must name zones of us-east-1, the region in aws:region; eu-west-1b is not one"},
		"zone twice":          {config{"networkZones": `["us-east-1a", "us-east-1a"]`}, "networkZones", "twice"},
		"too few zones":       {config{"networkZones": `["us-east-1a"]`}, "networkZones", "it must name as many as gatehouse:networkZoneCount, 2"},
		"unknown NAT":         {config{"networkNat": "perzone"}, "networkNat", "one of none, single, perZone"},
		"misspelt endpoint":   {config{"networkInterfaceEndpoints": `["ssm", "bedrok-runtime"]`}, "networkInterfaceEndpoints", `"bedrok-runtime" is not`},
		"gateway endpoint":    {config{"networkInterfaceEndpoints": `["s3"]`}, "networkInterfaceEndpoints", `"s3" is not`},
		"unknown flow logs":   {config{"networkFlowLogs": "none"}, "networkFlowLogs", "one of cloudwatch, s3"},
		"S3 without bucket":   {config{"networkFlowLogs": "s3"}, "networkFlowLogsBucketArn", "it must be the ARN of a bucket with gatehouse:networkFlowLogs s3"},
		"bucket without S3":   {config{"networkFlowLogsBucketArn": "arn:aws:s3:::logs"}, "networkFlowLogsBucketArn", "it requires gatehouse:networkFlowLogs to be s3"},
		"bucket by name":      {config{"networkFlowLogs": "s3", "networkFlowLogsBucketArn": "logs"}, "networkFlowLogsBucketArn", "the ARN of an S3 bucket"},
		"VPC by name":         {config{"networkVpcId": "main", "networkPrivateSubnetIds": twoSubnets}, "networkVpcId", "such as vpc-0123456789abcdef0"},
		"VPC without subnets": {config{"networkVpcId": existing}, "networkPrivateSubnetIds", "it must name at least 2 subnets of " + existing},
		"VPC with one subnet": {config{"networkVpcId": existing, "networkPrivateSubnetIds": `["subnet-01234567"]`}, "networkPrivateSubnetIds", "at least 2 subnets"},
		"subnets without VPC": {config{"networkPrivateSubnetIds": twoSubnets}, "networkPrivateSubnetIds", "it requires gatehouse:networkVpcId to be set"},
		"subnet by name":      {config{"networkVpcId": existing, "networkPrivateSubnetIds": `["private"]`}, "networkPrivateSubnetIds", `"private" is not`},
		"own and existing": {
			config{"networkVpcId": existing, "networkPrivateSubnetIds": twoSubnets, "networkCidr": "10.1.0.0/16", "networkNat": "single"},
			"networkVpcId", "it conflicts with gatehouse:networkCidr, gatehouse:networkNat: the stack either makes a VPC or uses an existing one",
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := config{"gatehouse:networkEnabled": "true"}
			for key, value := range c.config {
				all[full(key)] = value
			}
			_, err := Load(all)
			var problems Problems
			require.ErrorAs(t, err, &problems)
			require.Len(t, problems, 1)
			assert.Equal(t, full(c.key), problems[0].Key)
			assert.Contains(t, problems[0].Rule, c.rule)
		})
	}
}

func TestEveryPrivateRangeCanBeUsedUpToItsEnds(t *testing.T) {
	for _, cidr := range []string{"10.0.0.0/16", "10.255.252.0/22", "172.16.0.0/16", "172.31.252.0/22", "192.168.0.0/16", "192.168.252.0/22"} {
		s, err := Load(map[string]string{"gatehouse:networkCidr": cidr})
		require.NoError(t, err)
		_, err = subnets.New(s.Network.CIDR, s.Network.ZoneCount)
		assert.NoError(t, err, "what the settings allow has a layout")
	}
}

func TestEachKeyOfTheOwnNetworkConflictsWithAnExistingOne(t *testing.T) {
	r := newReader(table, nil)
	readNetwork(r)
	conflicts := networkVpcId.option().ConflictsWith
	for key := range r.read {
		switch key {
		case "gatehouse:networkEnabled", "gatehouse:networkVpcId", "gatehouse:networkPrivateSubnetIds":
		default:
			assert.Contains(t, conflicts, key)
		}
	}
}

func TestEndpointServicesAreSorted(t *testing.T) {
	assert.True(t, slices.IsSorted(endpointServices))
}
