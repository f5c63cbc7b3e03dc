// Package hostedzone creates the public hosted zone of the sandbox's domain name. As in a
// real account, it is there before anything is deployed.
package hostedzone

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
)

const (
	// Name is the zone's name, which can't be registered (RFC 2606).
	Name = "gatehouse.example"
	// Alias is the distribution's alternate domain name, in the zone.
	Alias = "api." + Name
)

// Client has the operations of Route 53 that are used.
type Client interface {
	ListHostedZonesByName(context.Context, *route53.ListHostedZonesByNameInput, ...func(*route53.Options)) (*route53.ListHostedZonesByNameOutput, error)
	CreateHostedZone(context.Context, *route53.CreateHostedZoneInput, ...func(*route53.Options)) (*route53.CreateHostedZoneOutput, error)
}

// Ensure returns the zone's id. It creates the zone unless it is there.
func Ensure(ctx context.Context, client Client) (string, error) {
	found, err := client.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String(Name)})
	if err != nil {
		return "", fmt.Errorf("find the zone %s: %w", Name, err)
	}
	for _, zone := range found.HostedZones {
		if aws.ToString(zone.Name) == Name+"." {
			return id(zone.Id), nil
		}
	}
	created, err := client.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String(Name), CallerReference: aws.String(Name)})
	if err != nil {
		return "", fmt.Errorf("create the zone %s: %w", Name, err)
	}
	return id(created.HostedZone.Id), nil
}

// id removes the path that the API puts before a zone's id.
func id(path *string) string { return strings.TrimPrefix(aws.ToString(path), "/hostedzone/") }
