package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// withoutLinks are the ids of the zones in which API Gateway doesn't support VPC links
// (its developer guide, "VPC links for HTTP APIs", availability by region). The name of
// such a zone differs from account to account.
var withoutLinks = []string{"ape1-az1", "apne1-az3", "apne2-az4", "cac1-az4", "euw3-az2", "use1-az3", "usw1-az2"}

// zone is an availability zone as an account sees it.
type zone struct{ name, id string }

// findZones returns the names of the zones for the subnets. It considers zones in any
// state, since an impaired zone must not move the subnets of the others.
func findZones(ctx *pulumi.Context, region string, count int, named []string, opts ...pulumi.InvokeOption) ([]string, error) {
	found, err := aws.GetAvailabilityZones(ctx, &aws.GetAvailabilityZonesArgs{
		Filters: []aws.GetAvailabilityZonesFilter{
			// Local and Wavelength zones require an opt-in; they have no load balancers.
			{Name: "opt-in-status", Values: []string{"opt-in-not-required"}},
		},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("looking up the availability zones of %s: %w", region, err)
	}
	if len(found.Names) != len(found.ZoneIds) {
		return nil, fmt.Errorf("looking up the availability zones of %s: %d names for %d ids", region, len(found.Names), len(found.ZoneIds))
	}
	zones := make([]zone, len(found.Names))
	for i, name := range found.Names {
		zones[i] = zone{name: name, id: found.ZoneIds[i]}
	}
	return chooseZones(zones, region, count, named)
}

// chooseZones returns the named zones, or the first ones that support VPC links.
func chooseZones(all []zone, region string, count int, named []string) ([]string, error) {
	var fit []string
	for _, z := range all {
		if !slices.Contains(withoutLinks, z.id) {
			fit = append(fit, z.name)
		}
	}
	slices.Sort(fit)
	for _, name := range named {
		if !slices.Contains(fit, name) {
			return nil, fmt.Errorf("gatehouse:networkZones names %s, which this account doesn't have or where API Gateway makes no VPC links; allowed: %s", name, strings.Join(fit, ", "))
		}
	}
	switch {
	case len(named) > 0:
		return named, nil
	case len(fit) < count:
		return nil, fmt.Errorf("gatehouse:networkZoneCount is %d, but %s has only these zones where API Gateway makes VPC links: %s", count, region, strings.Join(fit, ", "))
	default:
		return fit[:count], nil
	}
}
