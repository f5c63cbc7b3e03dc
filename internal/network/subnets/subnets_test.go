package subnets

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// each runs check for every size and number of zones, in networks at both ends of
// the private ranges.
func each(t *testing.T, check func(t *testing.T, vpc netip.Prefix, zones []Zone)) {
	t.Helper()
	for bits := LargestVPC; bits <= SmallestVPC; bits++ {
		for _, address := range []string{"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"} {
			for count := MinZones; count <= MaxZones; count++ {
				vpc := netip.PrefixFrom(netip.MustParseAddr(address), bits).Masked()
				t.Run(fmt.Sprintf("%s in %d zones", vpc, count), func(t *testing.T) {
					zones, err := New(vpc, count)
					require.NoError(t, err)
					require.Len(t, zones, count)
					check(t, vpc, zones)
				})
			}
		}
	}
}

func subnets(zones []Zone) []netip.Prefix {
	var all []netip.Prefix
	for _, zone := range zones {
		all = append(all, zone.Private, zone.Public, zone.Isolated)
	}
	return all
}

func size(p netip.Prefix) int { return 1 << (32 - p.Bits()) }

func TestSubnetsCoverTheZonesWithoutGapOrOverlap(t *testing.T) {
	each(t, func(t *testing.T, vpc netip.Prefix, zones []Zone) {
		next := vpc.Addr()
		for _, subnet := range subnets(zones) {
			require.Equal(t, next, subnet.Addr(), "%s begins where the one before it ends", subnet)
			require.Equal(t, subnet.Masked(), subnet)
			next = after(subnet)
		}
		used := 0
		for _, subnet := range subnets(zones) {
			used += size(subnet)
		}
		assert.Equal(t, size(vpc)/4*len(zones), used, "each zone has a quarter")
	})
}

// after returns the address that follows a subnet. It counts, unlike the code under
// test, which computes.
func after(subnet netip.Prefix) netip.Addr {
	last := subnet.Addr()
	for range size(subnet) {
		last = last.Next()
	}
	return last
}

func TestNoSubnetsOverlapAndAllAreInTheVPC(t *testing.T) {
	each(t, func(t *testing.T, vpc netip.Prefix, zones []Zone) {
		all := subnets(zones)
		for i, a := range all {
			assert.True(t, vpc.Contains(a.Addr()) && a.Bits() > vpc.Bits(), "%s in %s", a, vpc)
			for _, b := range all[:i] {
				assert.False(t, a.Overlaps(b), "%s and %s", a, b)
			}
		}
	})
}

func TestAddingAZoneMovesNoSubnet(t *testing.T) {
	each(t, func(t *testing.T, vpc netip.Prefix, zones []Zone) {
		most, err := New(vpc, MaxZones)
		require.NoError(t, err)
		assert.Equal(t, most[:len(zones)], zones)
	})
}

func TestSubnetsMeetTheSizesOfAWSAndLoadBalancers(t *testing.T) {
	each(t, func(t *testing.T, _ netip.Prefix, zones []Zone) {
		for _, zone := range zones {
			assert.Equal(t, size(zone.Public), size(zone.Isolated))
			assert.Equal(t, 2*size(zone.Public), size(zone.Private))
			assert.LessOrEqual(t, zone.Public.Bits(), 27, "a load balancer needs a /27")
		}
	})
}

func TestNewOfASixteenBitRange(t *testing.T) {
	zones, err := New(netip.MustParsePrefix("10.0.0.0/16"), 2)
	require.NoError(t, err)
	p := netip.MustParsePrefix
	assert.Equal(t, []Zone{
		{Private: p("10.0.0.0/19"), Public: p("10.0.32.0/20"), Isolated: p("10.0.48.0/20")},
		{Private: p("10.0.64.0/19"), Public: p("10.0.96.0/20"), Isolated: p("10.0.112.0/20")},
	}, zones)
}

func TestNewRejectsOtherRangesAndZoneCounts(t *testing.T) {
	for _, vpc := range []string{"10.0.0.0/15", "10.0.0.0/23", "10.0.0.1/16", "fd00::/56", "::ffff:10.0.0.0/112"} {
		_, err := New(netip.MustParsePrefix(vpc), 2)
		assert.ErrorContains(t, err, vpc)
	}
	_, err := New(netip.Prefix{}, 2)
	assert.Error(t, err)
	for _, zones := range []int{-1, 0, 1, 4} {
		_, err := New(netip.MustParsePrefix("10.0.0.0/16"), zones)
		assert.ErrorContains(t, err, "allowed: 2 to 3")
	}
}

func TestIPv6SubnetsAreUniqueAndInTheVPC(t *testing.T) {
	for _, text := range []string{"2001:db8:1234:1a00::/56", "2001:db8:1234:ff00::/56", "fd00::/56"} {
		vpc := netip.MustParsePrefix(text)
		seen := map[netip.Prefix]bool{}
		for zone := range MaxZones {
			for _, tier := range []Tier{Public, Private, Isolated} {
				subnet, err := IPv6(vpc, zone, tier)
				require.NoError(t, err)
				assert.Equal(t, 64, subnet.Bits())
				assert.Equal(t, subnet.Masked(), subnet)
				assert.True(t, vpc.Contains(subnet.Addr()))
				seen[subnet] = true
			}
		}
		assert.Len(t, seen, 3*MaxZones)
	}
	subnet, err := IPv6(netip.MustParsePrefix("2001:db8:1234:1a00::/56"), 2, Private)
	require.NoError(t, err)
	assert.Equal(t, "2001:db8:1234:1a09::/64", subnet.String())
}

func TestIPv6RejectsOtherRangesZonesAndTiers(t *testing.T) {
	for _, vpc := range []string{"10.0.0.0/16", "2001:db8::/48", "2001:db8::1/56", "2001:db8::/64"} {
		_, err := IPv6(netip.MustParsePrefix(vpc), 0, Public)
		assert.ErrorContains(t, err, vpc)
	}
	vpc := netip.MustParsePrefix("2001:db8::/56")
	for _, c := range []struct{ zone, tier int }{{-1, 0}, {3, 0}, {0, -1}, {0, 3}} {
		_, err := IPv6(vpc, c.zone, Tier(c.tier))
		assert.ErrorContains(t, err, "allowed: zones 0 to 2, tiers 0 to 2")
	}
}
