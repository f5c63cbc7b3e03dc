package hostedzone

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

type account struct {
	zones []types.HostedZone
	fails error
}

func (a *account) ListHostedZonesByName(context.Context, *route53.ListHostedZonesByNameInput, ...func(*route53.Options)) (*route53.ListHostedZonesByNameOutput, error) {
	return &route53.ListHostedZonesByNameOutput{HostedZones: a.zones}, a.fails
}

func (a *account) CreateHostedZone(_ context.Context, in *route53.CreateHostedZoneInput, _ ...func(*route53.Options)) (*route53.CreateHostedZoneOutput, error) {
	made := types.HostedZone{Id: aws.String("/hostedzone/ZNEW"), Name: aws.String(*in.Name + ".")}
	a.zones = append(a.zones, made)
	return &route53.CreateHostedZoneOutput{HostedZone: &made}, nil
}

func TestTheZoneIsMadeOnce(t *testing.T) {
	a := &account{zones: []types.HostedZone{{Id: aws.String("/hostedzone/ZOTHER"), Name: aws.String("gatehouse.example.org.")}}}
	for range 2 {
		id, err := Ensure(t.Context(), a)
		if err != nil || id != "ZNEW" {
			t.Fatalf("%q, %v", id, err)
		}
	}
	if len(a.zones) != 2 {
		t.Errorf("there are %d zones", len(a.zones))
	}
}

func TestACloudThatDoesNotAnswerIsAnError(t *testing.T) {
	if _, err := Ensure(t.Context(), &account{fails: errors.New("away")}); err == nil {
		t.Error("no error")
	}
}
