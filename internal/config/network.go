package config

import (
	"fmt"
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
	Zones              []string // availability zones by name; empty: the first that can be used
	NAT                string   // one of the NAT constants
	IPv6               bool
	InterfaceEndpoints []string // names of AWS services, as in "bedrock-runtime"
	FlowLogs           FlowLogs
}

// ExistingNetwork names a VPC that the stack didn't make.
type ExistingNetwork struct {
	VPCID            string
	PrivateSubnetIDs []string
}

// FlowLogs holds the destination of the VPC's flow logs.
type FlowLogs struct {
	Destination string // one of the FlowLogsTo constants
	BucketARN   string // for FlowLogsToS3; a prefix may follow
}

// How private subnets reach the internet.
const (
	NATNone    = "none"
	NATSingle  = "single"  // one gateway, and no internet when its zone fails
	NATPerZone = "perZone" // a gateway in each zone
)

// Where flow logs go.
const (
	FlowLogsToCloudWatch = "cloudwatch"
	FlowLogsToS3         = "s3"
)

// privateRanges are the private addresses of RFC 1918.
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

// endpointServices are the AWS services that a workload in the VPC may want to call
// without a way to the internet: those of com.amazonaws.<region>.* with interface
// endpoints (AWS PrivateLink's guide, "AWS services that integrate with AWS
// PrivateLink") which serving models, containers and their operation need. S3 and
// DynamoDB are not among them: their gateway endpoints are always there, and free.
var endpointServices = []string{
	"airflow.api", "application-autoscaling", "athena", "autoscaling",
	"bedrock", "bedrock-agent", "bedrock-agent-runtime", "bedrock-runtime",
	"cloudformation", "cloudtrail",
	"ec2", "ec2messages", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry",
	"eks", "eks-auth", "elasticfilesystem", "elasticloadbalancing", "events", "execute-api",
	"glue", "kinesis-firehose", "kinesis-streams", "kms", "lambda", "logs", "monitoring",
	"rds", "rds-data", "sagemaker.api", "sagemaker.runtime", "secretsmanager",
	"sns", "sqs", "ssm", "ssmmessages", "states", "sts", "xray",
}

var (
	networkEnabled = setting[bool]{
		key: "networkEnabled", basic: true,
		description: "Whether the stack has a private network. Without it there is none, and nothing is paid for at rest.",
	}
	networkCidr = setting[netip.Prefix]{
		key: "networkCidr", byDefault: netip.MustParsePrefix("10.0.0.0/16"), allowed: vpcNetwork(),
		description: "IPv4 addresses of the stack's own VPC, from a private range, /16 to /22. It can't be changed later: preview and up refuse another one.",
	}
	networkPeerCidrs = setting[[]string]{
		key: "networkPeerCidrs", allowed: each(isIPv4Network, "an IPv4 network such as 10.1.0.0/16"),
		description: "Networks that the VPC will ever be connected with; networkCidr must not overlap them.",
	}
	networkZoneCount = setting[int]{
		key: "networkZoneCount", byDefault: subnets.MinZones, allowed: between(subnets.MinZones, subnets.MaxZones),
		description: "Number of availability zones that the VPC has subnets in.",
	}
	networkZones = setting[[]string]{
		key: "networkZones", allowed: each(zonePattern.MatchString, "an availability zone such as us-east-1a"),
		description: "Names of the availability zones, as many as networkZoneCount; if empty, the first that can be used.",
	}
	networkNat = setting[string]{
		key: "networkNat", byDefault: NATNone, allowed: oneOf(NATNone, NATSingle, NATPerZone),
		description: "NAT gateways through which private subnets reach the internet: none, a single one, or one per zone.",
	}
	networkIpv6 = setting[bool]{
		key:         "networkIpv6",
		description: "Whether the VPC has IPv6 addresses too, for good. Private subnets can then open connections to the internet over IPv6, and accept none.",
	}
	networkInterfaceEndpoints = setting[[]string]{
		key: "networkInterfaceEndpoints",
		allowed: each(func(name string) bool { return slices.Contains(endpointServices, name) },
			"one of "+strings.Join(endpointServices, ", ")),
		description: "AWS services with an interface endpoint in the VPC, such as bedrock-runtime. Each costs money in each zone.",
	}
	networkFlowLogs = setting[string]{
		key: "networkFlowLogs", byDefault: FlowLogsToCloudWatch, allowed: oneOf(FlowLogsToCloudWatch, FlowLogsToS3),
		description: "Destination of the VPC's flow logs: CloudWatch Logs, where they are kept for logRetentionDays, or S3, for which networkFlowLogsBucketArn must be set.",
	}
	networkFlowLogsBucketArn = setting[string]{
		key: "networkFlowLogsBucketArn", requires: []requirement{networkFlowLogs.toBe(FlowLogsToS3)},
		allowed:     orEmpty(matching(bucketARNPattern, "the ARN of an S3 bucket, with or without a prefix, such as arn:aws:s3:::my-bucket/flow-logs")),
		description: "Bucket for the flow logs; a prefix may follow.",
	}
	networkVpcId = setting[string]{
		key: "networkVpcId", allowed: orEmpty(matching(vpcPattern, "the id of an existing VPC such as vpc-0123456789abcdef0")),
		// These describe a VPC of the stack's own, and have no meaning for an existing one.
		conflicts: conflict{
			with: []anySetting{
				networkCidr, networkPeerCidrs, networkZoneCount, networkZones, networkNat, networkIpv6,
				networkInterfaceEndpoints, networkFlowLogs, networkFlowLogsBucketArn,
			},
			why: "the stack either makes a VPC or uses an existing one",
		},
		description: "Existing VPC to use instead of one of the stack's own. It is not changed. networkPrivateSubnetIds must be set with it.",
	}
	networkPrivateSubnetIds = setting[[]string]{
		key: "networkPrivateSubnetIds", requires: []requirement{networkVpcId.toBeSet().because("the subnets belong to a VPC")},
		allowed:     each(subnetPattern.MatchString, "the id of a subnet such as subnet-0123456789abcdef0"),
		description: "Private subnets of the existing VPC, in at least two availability zones.",
	}
)

func readNetwork(r *reader) Network {
	return Network{
		Enabled: networkEnabled.read(r),
		Existing: ExistingNetwork{
			VPCID:            networkVpcId.read(r),
			PrivateSubnetIDs: networkPrivateSubnetIds.read(r),
		},
		CIDR:               networkCidr.read(r),
		Peers:              networks(networkPeerCidrs.read(r)),
		ZoneCount:          networkZoneCount.read(r),
		Zones:              networkZones.read(r),
		NAT:                networkNat.read(r),
		IPv6:               networkIpv6.read(r),
		InterfaceEndpoints: networkInterfaceEndpoints.read(r),
		FlowLogs: FlowLogs{
			Destination: networkFlowLogs.read(r),
			BucketARN:   networkFlowLogsBucketArn.read(r),
		},
	}
}

// vpcNetwork allows networks that a VPC can have and [subnets.New] can divide.
func vpcNetwork() rule[netip.Prefix] {
	const words = "an IPv4 network such as 10.0.0.0/16"
	return rule[netip.Prefix]{words: words, check: func(network netip.Prefix, _ func(string) string) string {
		within := func(outer netip.Prefix) bool { return outer.Bits() <= network.Bits() && outer.Contains(network.Addr()) }
		switch {
		case !network.Addr().Is4():
			return words
		case network != network.Masked():
			return "the network's first address: " + network.Masked().String()
		case network.Bits() < subnets.LargestVPC || network.Bits() > subnets.SmallestVPC:
			return fmt.Sprintf("a network from /%d, AWS's largest, to /%d, the smallest that has room for the subnets", subnets.LargestVPC, subnets.SmallestVPC)
		case !slices.ContainsFunc(privateRanges, within):
			return "a network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16: other addresses have owners on the internet"
		case network.Overlaps(dockerRange):
			return fmt.Sprintf("a network that doesn't overlap %s, which Docker and some AWS services use themselves", dockerRange)
		default:
			return ""
		}
	}}
}

func isIPv4Network(value string) bool {
	network, err := netip.ParsePrefix(value)
	return err == nil && network.Addr().Is4() && network == network.Masked()
}

// networks parses IPv4 networks; one that isn't is the zero prefix.
func networks(values []string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(values))
	for i, value := range values {
		if isIPv4Network(value) {
			parsed[i] = netip.MustParsePrefix(value)
		}
	}
	return parsed
}

func (s Settings) checkNetwork(r *reader) {
	if s.Network.Existing.VPCID == "" {
		s.checkOwnNetwork(r)
	} else if len(s.Network.Existing.PrivateSubnetIDs) < subnets.MinZones {
		r.must(networkPrivateSubnetIds, "name at least %d subnets of %s, in different availability zones", subnets.MinZones, s.Network.Existing.VPCID)
	}
}

func (s Settings) checkOwnNetwork(r *reader) {
	n := s.Network
	for _, peer := range n.Peers {
		if n.CIDR.Overlaps(peer) {
			r.must(networkCidr, "be a network that doesn't overlap %s, which %s names", r.shown(networkPeerCidrs.String(), peer.String()), networkPeerCidrs)
		}
	}
	if len(n.Zones) > 0 && len(n.Zones) != n.ZoneCount {
		r.must(networkZones, "name as many as %s, %d, or none", networkZoneCount, n.ZoneCount)
	}
	for _, zone := range n.Zones {
		if zone[:len(zone)-1] != s.Region {
			r.must(networkZones, "name zones of %s, the region in %s; %s is not one", s.Region, awsRegion, r.shown(networkZones.String(), zone))
		}
	}
	if n.FlowLogs.Destination == FlowLogsToS3 && n.FlowLogs.BucketARN == "" {
		r.must(networkFlowLogsBucketArn, "be the ARN of a bucket with %s %s", networkFlowLogs, FlowLogsToS3)
	}
}
