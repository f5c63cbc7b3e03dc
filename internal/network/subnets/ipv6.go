package subnets

import (
	"fmt"
	"net/netip"
)

// vpc6 and subnet6 are the prefixes that AWS gives to VPCs and takes for subnets.
const (
	vpc6    = 56
	subnet6 = 64
)

// IPv6 returns the subnet of a tier in a zone, counted from zero, within the IPv6
// network that AWS gave to the VPC. Each zone has four subnets' room.
func IPv6(vpc netip.Prefix, zone int, tier Tier) (netip.Prefix, error) {
	if !vpc.Addr().Is6() || vpc.Addr().Is4In6() || vpc.Bits() != vpc6 || vpc != vpc.Masked() {
		return netip.Prefix{}, fmt.Errorf("%s is no /%d of IPv6 addresses, as AWS gives to VPCs", vpc, vpc6)
	}
	if zone < 0 || zone >= MaxZones || tier < Public || tier > Isolated {
		return netip.Prefix{}, fmt.Errorf("no zone %d with tier %d; allowed: zones 0 to %d, tiers %d to %d", zone, int(tier), MaxZones-1, int(Public), int(Isolated))
	}
	address := vpc.Addr().As16()
	address[vpc6/8] = byte(4*zone + int(tier))
	return netip.PrefixFrom(netip.AddrFrom16(address), subnet6), nil
}
