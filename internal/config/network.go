package config

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/network/subnets"
)

// Network holds whether the stack has a private network, and which.
type Network struct {
	Enabled bool

	// Existing is the VPC to use; without it the stack makes its own.
	Existing ExistingNetwork

	CIDR               netip.Prefix
	Peers              []netip.Prefix // networks that it will be connected with
	ZoneCount          int
	Zones              []string // availability zones by name; empty: the first that are fit
	NAT                string   // one of the NAT constants
	IPv6               bool
	InterfaceEndpoints []string // names of AWS services, as in "bedrock-runtime"
	FlowLogs           FlowLogs
}

// ExistingNetwork names a VPC that others made.
type ExistingNetwork struct {
	VPCID            string
	PrivateSubnetIDs []string
}

// FlowLogs says where the record of the VPC's connections goes.
type FlowLogs struct {
	Destination string // one of the FlowLogsTo constants
	BucketARN   string // for FlowLogsToS3; a prefix may follow
}

// How private subnets reach the internet.
const (
	NATNone    = "none"
	NATSingle  = "single"  // one gateway, and no way out when its zone fails
	NATPerZone = "perZone" // a gateway in each zone
)

// Where flow logs go.
const (
	FlowLogsToCloudWatch = "cloudwatch"
	FlowLogsToS3         = "s3"
)

// privateRanges are what RFC 1918 sets aside.
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
}

// dockerRange is what Docker and some AWS services use inside their hosts: a VPC
// that overlaps it can't be reached from them (Amazon VPC's user guide, "VPC CIDR
// blocks").
var dockerRange = netip.MustParsePrefix("172.17.0.0/16")

var (
	zonePattern      = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$`)
	vpcPattern       = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)
	subnetPattern    = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	bucketARNPattern = regexp.MustCompile(`^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[!-~]*)?$`)
)

// ownNetworkKeys describe a VPC of the stack's own, and have no meaning for an
// existing one.
var ownNetworkKeys = []string{
	"networkCidr", "networkPeerCidrs", "networkZoneCount", "networkZones", "networkNat", "networkIpv6",
	"networkInterfaceEndpoints", "networkFlowLogs", "networkFlowLogsBucketArn",
}

func readNetwork(r *reader) Network {
	return Network{
		Enabled: r.boolean("networkEnabled", false),
		Existing: ExistingNetwork{
			VPCID: r.optional("networkVpcId", vpcPattern, "the id of an existing VPC such as vpc-0123456789abcdef0, or nothing"),
			PrivateSubnetIDs: r.list("networkPrivateSubnetIds", subnetPattern.MatchString,
				"the id of a subnet such as subnet-0123456789abcdef0"),
		},
		CIDR:      r.vpcRange("networkCidr", "10.0.0.0/16"),
		Peers:     r.ranges("networkPeerCidrs"),
		ZoneCount: r.number("networkZoneCount", subnets.MinZones, subnets.MinZones, subnets.MaxZones),
		Zones:     r.list("networkZones", zonePattern.MatchString, "an availability zone such as us-east-1a"),
		NAT:       r.oneOf("networkNat", NATNone, NATNone, NATSingle, NATPerZone),
		IPv6:      r.boolean("networkIpv6", false),
		InterfaceEndpoints: r.list("networkInterfaceEndpoints", isEndpointService,
			"one of "+strings.Join(endpointServices, ", ")),
		FlowLogs: FlowLogs{
			Destination: r.oneOf("networkFlowLogs", FlowLogsToCloudWatch, FlowLogsToCloudWatch, FlowLogsToS3),
			BucketARN: r.optional("networkFlowLogsBucketArn", bucketARNPattern,
				"the ARN of an S3 bucket, with or without a prefix, such as arn:aws:s3:::my-bucket/flow-logs, or nothing"),
		},
	}
}

// vpcRange reads a network that a VPC can have and [layout.New] can divide.
func (r *reader) vpcRange(key, defaultValue string) netip.Prefix {
	network, err := netip.ParsePrefix(r.text(key, typeString, defaultValue))
	within := func(outer netip.Prefix) bool { return outer.Bits() <= network.Bits() && outer.Contains(network.Addr()) }
	switch {
	case err != nil || !network.Addr().Is4():
		r.refuse(key, "an IPv4 network such as 10.0.0.0/16")
	case network != network.Masked():
		r.refuse(key, "the network's first address: %s", network.Masked())
	case network.Bits() < subnets.LargestVPC || network.Bits() > subnets.SmallestVPC:
		r.refuse(key, "a network from /%d, AWS's largest, to /%d, the smallest that has room for the subnets", subnets.LargestVPC, subnets.SmallestVPC)
	case !slices.ContainsFunc(privateRanges, within):
		r.refuse(key, "a network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16: other addresses are somebody's")
	case network.Overlaps(dockerRange):
		r.refuse(key, "a network that doesn't overlap %s, which Docker and some AWS services use themselves", dockerRange)
	}
	return network
}

// ranges reads a list of IPv4 networks.
func (r *reader) ranges(key string) []netip.Prefix {
	parse := func(text string) (netip.Prefix, bool) {
		network, err := netip.ParsePrefix(text)
		return network, err == nil && network.Addr().Is4() && network == network.Masked()
	}
	texts := r.list(key, func(text string) bool { _, ok := parse(text); return ok }, "an IPv4 network such as 10.1.0.0/16")
	networks := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		networks[i], _ = parse(text)
	}
	return networks
}

func (s Settings) checkNetwork(r *reader) {
	if s.Network.Existing.VPCID == "" {
		s.checkOwnNetwork(r)
	} else {
		s.Network.checkExisting(r)
	}
}

func (s Settings) checkOwnNetwork(r *reader) {
	n := s.Network
	if len(n.Existing.PrivateSubnetIDs) > 0 {
		r.refuse("networkPrivateSubnetIds", "nothing without networkVpcId, the VPC that the subnets belong to")
	}
	for _, peer := range n.Peers {
		if n.CIDR.Overlaps(peer) {
			r.refuse("networkCidr", "a network that doesn't overlap %s, which networkPeerCidrs names", peer)
		}
	}
	if len(n.Zones) > 0 && len(n.Zones) != n.ZoneCount {
		r.refuse("networkZones", "as many as networkZoneCount, %d, or none", n.ZoneCount)
	}
	for _, zone := range n.Zones {
		if zone[:len(zone)-1] != s.Region {
			r.refuse("networkZones", "zones of %s, the region in aws:region; %s is not one", s.Region, zone)
		}
	}
	if toS3 := n.FlowLogs.Destination == FlowLogsToS3; toS3 && n.FlowLogs.BucketARN == "" {
		r.refuse("networkFlowLogsBucketArn", "the ARN of the bucket that networkFlowLogs, s3, writes to")
	} else if !toS3 && n.FlowLogs.BucketARN != "" {
		r.refuse("networkFlowLogsBucketArn", "nothing unless networkFlowLogs is s3")
	}
}

func (n Network) checkExisting(r *reader) {
	own := slices.DeleteFunc(slices.Clone(ownNetworkKeys), func(key string) bool { return !r.changed(key) })
	if len(own) > 0 {
		r.refuse("networkVpcId", "nothing beside %s: either the stack makes a VPC or it uses an existing one", strings.Join(own, ", "))
	}
	if len(n.Existing.PrivateSubnetIDs) < subnets.MinZones {
		r.refuse("networkPrivateSubnetIds", "at least %d subnets of %s, in different zones", subnets.MinZones, n.Existing.VPCID)
	}
}
