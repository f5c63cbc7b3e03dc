package inference

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// checkTargets refuses targets outside of the VPC: they can't wear the group that
// the load balancer reaches.
func (a *Args) checkTargets() error {
	var ranges []netip.Prefix
	for _, text := range a.Attachment.CIDRs {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("the VPC's address ranges: %w", err)
		}
		ranges = append(ranges, network)
	}
	for _, text := range a.Settings.Targets {
		target, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("gatehouse:inferenceTargets: %w", err)
		}
		if !slices.ContainsFunc(ranges, func(network netip.Prefix) bool { return network.Contains(target) }) {
			return fmt.Errorf("gatehouse:inferenceTargets has %q; allowed: addresses in the VPC, %s", text, strings.Join(a.Attachment.CIDRs, ", "))
		}
	}
	return nil
}
