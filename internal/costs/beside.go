package costs

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// OneValue and TwoValues are what is usually built where only CloudFront may reach an
// API, as far as it costs anything: the same door for the same requests, without what
// is behind it.
//
// OneValue is a SecureString under AWS's own key that an authorizer of an HTTP API
// compares with, and a function that overwrites it at each rotation.
//
// TwoValues is AWS's sample with a web ACL: the current value and the one before in
// Secrets Manager, in one rule of a regional web ACL before a load balancer.
var (
	OneValue  = System{"one value", Prices.oneValueAtRest, Prices.oneValuePerMillion}
	TwoValues = System{"two values", Prices.twoValuesAtRest, Prices.twoValuesPerMillion}
)

// System is another way to lock an API.
type System struct {
	Name       string
	AtRest     func(p Prices, rotation time.Duration) []Item
	PerMillion func(p Prices, r Request, authorizerTTL time.Duration) []Item
}

// usualMemory is that of Lambda functions for which nobody chose any, in MB.
const usualMemory = 128

func usualFunction() Resource {
	return Resource{Type: "aws:lambda/function:Function", Inputs: property.NewMap(map[string]property.Value{
		"memorySize": property.New(float64(usualMemory)),
	})}
}

func (p Prices) oneValueAtRest(rotation time.Duration) []Item { return []Item{p.rotations(rotation)} }

func (p Prices) twoValuesAtRest(rotation time.Duration) []Item {
	return []Item{
		p.rotations(rotation),
		{"Secret", 1, "secrets", p.of("secret")},
		{"Web ACL", 1, "web ACLs", p.of("webAcl")},
		{"Web ACL's rules", 1, "rules", p.of("webAclRule")},
		{"Load balancer", 1, "load balancers", hours * p.of("loadBalancer")},
	}
}

// rotations are runs of a function that does all of it at once.
func (p Prices) rotations(rotation time.Duration) Item {
	runs := hours / rotation.Hours()
	return Item{"Rotator's runs", runs, "runs", p.runs(usualFunction(), runs, rotatorSeconds)}
}

func (p Prices) oneValuePerMillion(r Request, authorizerTTL time.Duration) []Item {
	return append(p.frontDoor(nil, r, 0), p.authorizations(usualFunction(), authorizerTTL))
}

func (p Prices) twoValuesPerMillion(r Request, _ time.Duration) []Item {
	return append(p.cloudFront(r), Item{"Web ACL", million, "requests", p.of("webAclRequests")}, p.loadBalancerCapacity())
}

// DoorPerMillion is what a million requests cost until they are let in, at the stack
// that these resources are.
func (p Prices) DoorPerMillion(resources []Resource, r Request, authorizerTTL, retention time.Duration) ([]Item, error) {
	authorizer, err := function(resources, "authorizer")
	if err != nil {
		return nil, err
	}
	return append(p.frontDoor(resources, r, retention), p.authorizations(authorizer, authorizerTTL)), nil
}
