package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// endpoint is a service of the settings, and the zones that its interface endpoint
// goes to, by their place among the network's.
type endpoint struct {
	service string
	zones   []int
}

// findEndpoints looks up which zones have the services. AWS refuses an endpoint with a
// subnet in a zone that lacks its service; few services are in all zones of a region.
func findEndpoints(ctx *pulumi.Context, region string, services, zones []string, opts ...pulumi.InvokeOption) ([]endpoint, error) {
	kind := "Interface"
	endpoints := make([]endpoint, len(services))
	for i, service := range services {
		found, err := ec2.LookupVpcEndpointService(ctx, &ec2.LookupVpcEndpointServiceArgs{Service: &service, ServiceType: &kind}, opts...)
		if err != nil {
			return nil, fmt.Errorf("looking up %s of gatehouse:networkInterfaceEndpoints in %s: %w", service, region, err)
		}
		if endpoints[i], err = placeEndpoint(service, found.AvailabilityZones, zones); err != nil {
			return nil, err
		}
	}
	return endpoints, nil
}

// placeEndpoint returns where an endpoint goes: to those of the network's zones that
// the service is in. Where AWS doesn't say which these are, to all.
func placeEndpoint(service string, has, zones []string) (endpoint, error) {
	e := endpoint{service: service}
	for i, zone := range zones {
		if len(has) == 0 || slices.Contains(has, zone) {
			e.zones = append(e.zones, i)
		}
	}
	if len(e.zones) == 0 {
		return e, fmt.Errorf("gatehouse:networkInterfaceEndpoints names %s, which has no endpoints in the network's zones, %s; allowed: services in one of them at least; %s is in %s",
			service, strings.Join(zones, ", "), service, strings.Join(has, ", "))
	}
	return e, nil
}
