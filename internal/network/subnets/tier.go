package subnets

import (
	"fmt"
	"net/netip"
)

// Tier is one kind of subnet.
type Tier int

// The tiers. Their numbers are part of IPv6 addresses: never change one.
const (
	Public   Tier = iota // to and from the internet
	Private              // to the internet at most
	Isolated             // neither
)

// String is the tier's name, as in "private".
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
