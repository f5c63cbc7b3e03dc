package network

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/network/subnets"
)

// Attachment has what a component needs to attach to a network, be it the stack's own
// or an existing one.
type Attachment struct {
	VPCID            pulumi.StringInput
	CIDRs            []string // IPv4 ranges of the VPC
	PrivateSubnetIDs pulumi.StringArrayInput

	// EndpointsGroupID is the security group of the stack's own interface endpoints; nil
	// if there are none, and in an existing VPC, whose endpoints are unknown.
	EndpointsGroupID pulumi.StringInput

	// DynamoDBPrefixListID is the prefix list of the stack's own gateway endpoint of
	// DynamoDB; nil in an existing VPC, whose endpoints are unknown: see [PrefixListID].
	DynamoDBPrefixListID pulumi.StringInput
}

// PrefixListID looks up the prefix list with the public addresses of a service in the
// region, such as dynamodb. Requests to them go through the VPC's gateway endpoint for the
// service if there is one, and else to the internet, if a route leads there.
func PrefixListID(ctx *pulumi.Context, region, service string, opts ...pulumi.InvokeOption) (string, error) {
	name := "com.amazonaws." + region + "." + service
	found, err := ec2.GetPrefixList(ctx, &ec2.GetPrefixListArgs{Name: &name}, opts...)
	if err != nil {
		return "", fmt.Errorf("looking up the prefix list %s: %w", name, err)
	}
	return found.Id, nil
}

// Existing returns the attachment to an existing VPC. It checks the subnets, and declares
// nothing.
func Existing(ctx *pulumi.Context, existing config.ExistingNetwork, opts ...pulumi.InvokeOption) (Attachment, error) {
	vpc, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{Id: &existing.VPCID}, opts...)
	if err != nil {
		return Attachment{}, fmt.Errorf("looking up %s, the VPC of gatehouse:networkVpcId: %w", existing.VPCID, err)
	}
	if err := findSubnets(ctx, existing, opts...); err != nil {
		return Attachment{}, err
	}
	attachment := Attachment{VPCID: pulumi.String(existing.VPCID), PrivateSubnetIDs: pulumi.ToStringArray(existing.PrivateSubnetIDs)}
	for _, association := range vpc.CidrBlockAssociations {
		if association.State == "associated" {
			attachment.CIDRs = append(attachment.CIDRs, association.CidrBlock)
		}
	}
	return attachment, nil
}

// subnet has the properties of an existing subnet that the checks use.
type subnet struct {
	id, vpc      string
	zone, zoneID string
	cidr         string
	free         int // addresses
}

// Requirements for the subnets of an application load balancer (Elastic Load Balancing's
// guide for application load balancers, "Subnets for your load balancer").
const (
	smallestBalancerSubnet = 27 // bits of its prefix
	freeBalancerAddresses  = 8
)

// findSubnets looks up the subnets and checks them. It only warns of one that is nearly
// full, since that may have the load balancer already.
func findSubnets(ctx *pulumi.Context, existing config.ExistingNetwork, opts ...pulumi.InvokeOption) error {
	all := make([]subnet, len(existing.PrivateSubnetIDs))
	for i, id := range existing.PrivateSubnetIDs {
		found, err := ec2.LookupSubnet(ctx, &ec2.LookupSubnetArgs{Id: &id}, opts...)
		if err != nil {
			return fmt.Errorf("looking up %s of gatehouse:networkPrivateSubnetIds: %w", id, err)
		}
		all[i] = subnet{
			id: id, vpc: found.VpcId, zone: found.AvailabilityZone, zoneID: found.AvailabilityZoneId,
			cidr: found.CidrBlock, free: found.AvailableIpAddressCount,
		}
		if all[i].free < freeBalancerAddresses {
			warning := fmt.Sprintf("%s of gatehouse:networkPrivateSubnetIds has %d free addresses: AWS requires %d in each subnet to create or scale a load balancer",
				id, all[i].free, freeBalancerAddresses)
			if err := ctx.Log.Warn(warning, nil); err != nil {
				return err
			}
		}
	}
	return checkSubnets(existing.VPCID, all)
}

// checkSubnets returns an error if a load balancer or a VPC link can't be in the subnets.
// It reports every problem.
func checkSubnets(vpc string, all []subnet) error {
	const key = "gatehouse:networkPrivateSubnetIds names "
	var problems []error
	zones := map[string]bool{}
	for _, s := range all {
		zones[s.zone] = true
		if s.vpc != vpc {
			problems = append(problems, fmt.Errorf(key+"%s, which belongs to %s; allowed: subnets of gatehouse:networkVpcId, %s", s.id, s.vpc, vpc))
		}
		if slices.Contains(withoutLinks, s.zoneID) {
			problems = append(problems, fmt.Errorf(key+"%s in %s (%s), where API Gateway makes no VPC links; allowed: subnets in other zones than %s",
				s.id, s.zone, s.zoneID, strings.Join(withoutLinks, ", ")))
		}
		if network, err := netip.ParsePrefix(s.cidr); err != nil || network.Bits() > smallestBalancerSubnet {
			problems = append(problems, fmt.Errorf(key+"%s with the addresses %q; allowed: subnets with IPv4 addresses, /%d or larger, as load balancers require",
				s.id, s.cidr, smallestBalancerSubnet))
		}
	}
	if len(zones) < subnets.MinZones || len(zones) < len(all) {
		problems = append(problems, fmt.Errorf(key+"%d subnets in %d zone(s); allowed: subnets in at least %d zones and one in each, as load balancers require",
			len(all), len(zones), subnets.MinZones))
	}
	return errors.Join(problems...)
}
