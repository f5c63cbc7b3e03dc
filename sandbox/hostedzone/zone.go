// Package zone is the public hosted zone that the local stack has its own name in.
// As in a real account, it is there before anything is deployed.
package hostedzone

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
)

const (
	// Name is the zone's; nobody can own it (RFC 2606).
	Name = "gatehouse.example"
	// Alias is the distribution's own name, in the zone.
	Alias = "api." + Name
)

// Client is what is used of Route 53.
type Client interface {
	ListHostedZonesByName(context.Context, *route53.ListHostedZonesByNameInput, ...func(*route53.Options)) (*route53.ListHostedZonesByNameOutput, error)
	CreateHostedZone(context.Context, *route53.CreateHostedZoneInput, ...func(*route53.Options)) (*route53.CreateHostedZoneOutput, error)
}

// Ensure returns the zone's id. It makes the zone unless it is there.
func Ensure(ctx context.Context, client Client) (string, error) {
	found, err := client.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String(Name)})
	if err != nil {
		return "", fmt.Errorf("look for the zone %s: %w", Name, err)
	}
	for _, zone := range found.HostedZones {
		if aws.ToString(zone.Name) == Name+"." {
			return id(zone.Id), nil
		}
	}
	made, err := client.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String(Name), CallerReference: aws.String(Name)})
	if err != nil {
		return "", fmt.Errorf("make the zone %s: %w", Name, err)
	}
	return id(made.HostedZone.Id), nil
}

// id is a zone's without the path that the API puts before it.
func id(path *string) string { return strings.TrimPrefix(aws.ToString(path), "/hostedzone/") }
