// Package layout divides a VPC's addresses into subnets: arithmetic, and nothing
// that needs AWS.
//
// The VPC is quartered. Each zone has a quarter, however many zones are in use, so
// that adding one moves no subnet; the last quarter stays free for what the VPC may
// need later. Half of a zone's quarter is the private subnet, where everything
// runs; a quarter of it each are the public and the isolated one.
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
	// MinZones is what an application load balancer needs.
	MinZones = 2
	// MaxZones is how many zones have a place in every layout.
	MaxZones = 3

	// LargestVPC is AWS's limit: the fewest bits of a VPC's prefix.
	LargestVPC = 16
	// SmallestVPC leaves 59 usable addresses to the smallest subnets.
	SmallestVPC = 22
)

// Bits that a subnet's prefix has more than the VPC's.
const (
	privateBits = 3
	otherBits   = 4
)

// Zone is the subnets of one availability zone.
type Zone struct {
	Public, Private, Isolated netip.Prefix
}

// New returns the subnets of a VPC in so many zones.
func New(vpc netip.Prefix, zones int) ([]Zone, error) {
	if !vpc.Addr().Is4() || vpc != vpc.Masked() || vpc.Bits() < LargestVPC || vpc.Bits() > SmallestVPC {
		return nil, fmt.Errorf("%s is no network from /%d to /%d of IPv4 addresses", vpc, LargestVPC, SmallestVPC)
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

// part returns one of the equal parts of an IPv4 network that more bits make.
func part(of netip.Prefix, more, index int) netip.Prefix {
	bits := of.Bits() + more
	address := of.Addr().As4()
	start := binary.BigEndian.Uint32(address[:]) + uint32(index)<<(32-bits)
	binary.BigEndian.PutUint32(address[:], start)
	return netip.PrefixFrom(netip.AddrFrom4(address), bits)
}
