package inference

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// checkTargets returns an error if a target is outside of the VPC: it can't be in the
// security group that the load balancer reaches.
func (a *Args) checkTargets() error {
	var ranges []netip.Prefix
	for _, cidr := range a.Attachment.CIDRs {
		network, err := netip.ParsePrefix(cidr)
		if err != nil {
			return fmt.Errorf("the VPC's address ranges: %w", err)
		}
		ranges = append(ranges, network)
	}
	for _, address := range a.Settings.Targets {
		target, err := netip.ParseAddr(address)
		if err != nil {
			return fmt.Errorf("gatehouse:inferenceTargets: %w", err)
		}
		if !slices.ContainsFunc(ranges, func(network netip.Prefix) bool { return network.Contains(target) }) {
			return fmt.Errorf("gatehouse:inferenceTargets has %q; allowed: addresses in the VPC, %s", address, strings.Join(a.Attachment.CIDRs, ", "))
		}
	}
	return nil
}
