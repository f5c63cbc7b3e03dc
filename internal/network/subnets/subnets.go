// Package subnets divides a VPC's address range into subnets. It only calculates: it
// calls no AWS API. Package network declares the subnets, and package config checks the
// setting of the range.
//
// The VPC is divided into quarters. Each zone has a quarter, regardless of how many zones
// are in use, so that adding one moves no subnet; the last quarter stays free for what
// the VPC may need later. Half of a zone's quarter is the private subnet, where
// everything runs; the public and the isolated subnet have a quarter of it each.
//
//	10.0.0.0/16   zone 0: 10.0.0.0/18     private 10.0.0.0/19, public 10.0.32.0/20, isolated 10.0.48.0/20
//	              zone 1: 10.0.64.0/18    …
//	              zone 2: 10.0.128.0/18   …
//	              free:   10.0.192.0/18
package subnets

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

const (
	// MinZones is the minimum for an application load balancer.
	MinZones = 2
	// MaxZones is the number of zones that every VPC reserves addresses for.
	MaxZones = 3

	// LargestVPC is the fewest bits that AWS allows in a VPC's prefix.
	LargestVPC = 16
	// SmallestVPC is the most bits in a VPC's prefix: the smallest subnets then have 59
	// usable addresses.
	SmallestVPC = 22
)

// Bits by which a subnet's prefix is longer than the VPC's.
const (
	privateBits = 3
	otherBits   = 4
)

// Zone holds the subnets of one availability zone.
type Zone struct {
	Public, Private, Isolated netip.Prefix
}

// New returns the subnets of a VPC, for each zone.
func New(vpc netip.Prefix, zones int) ([]Zone, error) {
	if !vpc.Addr().Is4() || vpc != vpc.Masked() || vpc.Bits() < LargestVPC || vpc.Bits() > SmallestVPC {
		return nil, fmt.Errorf("%s is not an IPv4 range from /%d to /%d", vpc, LargestVPC, SmallestVPC)
	}
	if zones < MinZones || zones > MaxZones {
		return nil, fmt.Errorf("%d zones; allowed: %d to %d", zones, MinZones, MaxZones)
	}
	all := make([]Zone, zones)
	for i := range all {
		all[i] = Zone{
			Private:  part(vpc, privateBits, 2*i),
			Public:   part(vpc, otherBits, 4*i+2),
			Isolated: part(vpc, otherBits, 4*i+3),
		}
	}
	return all, nil
}

// part returns the part at index when an IPv4 range is divided by a prefix that is more
// bits longer.
func part(of netip.Prefix, more, index int) netip.Prefix {
	bits := of.Bits() + more
	address := of.Addr().As4()
	start := binary.BigEndian.Uint32(address[:]) + uint32(index)<<(32-bits)
	binary.BigEndian.PutUint32(address[:], start)
	return netip.PrefixFrom(netip.AddrFrom4(address), bits)
}

// Tier is a kind of subnet, by its routes.
type Tier int

// The tiers. Their numbers are part of IPv6 addresses: never change one.
const (
	Public   Tier = iota // to and from the internet
	Private              // to the internet at most
	Isolated             // neither
)

// String returns the tier's name, as in "private".
func (t Tier) String() string {
	switch t {
	case Public:
		return "public"
	case Private:
		return "private"
	case Isolated:
		return "isolated"
	default:
		return fmt.Sprintf("tier %d", int(t))
	}
}

// Of returns the zone's subnet of a tier.
func (z Zone) Of(tier Tier) netip.Prefix {
	switch tier {
	case Public:
		return z.Public
	case Private:
		return z.Private
	default:
		return z.Isolated
	}
}

// vpc6 and subnet6 are the lengths of the IPv6 prefixes of VPCs and subnets in AWS.
const (
	vpc6    = 56
	subnet6 = 64
)

// IPv6 returns the subnet of a tier in a zone, counted from zero, within the IPv6 range
// that AWS assigned to the VPC. Each zone has room for four subnets.
func IPv6(vpc netip.Prefix, zone int, tier Tier) (netip.Prefix, error) {
	if !vpc.Addr().Is6() || vpc.Addr().Is4In6() || vpc.Bits() != vpc6 || vpc != vpc.Masked() {
		return netip.Prefix{}, fmt.Errorf("%s is not an IPv6 range with a /%d prefix, as AWS assigns to VPCs", vpc, vpc6)
	}
	if zone < 0 || zone >= MaxZones || tier < Public || tier > Isolated {
		return netip.Prefix{}, fmt.Errorf("no zone %d with tier %d; allowed: zones 0 to %d, tiers %d to %d", zone, int(tier), MaxZones-1, int(Public), int(Isolated))
	}
	address := vpc.Addr().As16()
	address[vpc6/8] = byte(4*zone + int(tier))
	return netip.PrefixFrom(netip.AddrFrom16(address), subnet6), nil
}
