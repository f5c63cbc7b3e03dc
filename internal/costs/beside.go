package costs

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// OneValue and TwoValues are the usual ways to allow only CloudFront to reach an API, as
// far as they cost anything: distribution, origin and check for the same requests,
// without the backend.
//
// OneValue is a SecureString under AWS's own key that an authorizer of an HTTP API
// compares with, and a function that overwrites it at each rotation.
//
// TwoValues is AWS's sample with a web ACL: the current and the previous value in
// Secrets Manager, in one rule of a regional web ACL before a load balancer.
var (
	OneValue  = System{"one value", Prices.oneValueAtRest, Prices.oneValuePerMillion}
	TwoValues = System{"two values", Prices.twoValuesAtRest, Prices.twoValuesPerMillion}
)

// System describes another way to allow only CloudFront to reach an API.
type System struct {
	Name       string
	AtRest     func(p Prices, rotation time.Duration) []Item
	PerMillion func(p Prices, r Request, authorizerTTL time.Duration) []Item
}

// usualMemory is the default memory of Lambda functions, in MB.
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

// rotations returns the costs of a function that rotates in a single run.
func (p Prices) rotations(rotation time.Duration) Item {
	runs := hours / rotation.Hours()
	return Item{"Rotator's runs", runs, "runs", p.runs(usualFunction(), runs, rotatorSeconds)}
}

func (p Prices) oneValuePerMillion(r Request, authorizerTTL time.Duration) []Item {
	return append(p.edgeAndAPI(nil, r, 0), p.authorizations(usualFunction(), authorizerTTL))
}

func (p Prices) twoValuesPerMillion(r Request, _ time.Duration) []Item {
	return append(p.cloudFront(r), Item{"Web ACL", million, "requests", p.of("webAclRequests")}, p.loadBalancerCapacity())
}

// AcceptedPerMillion returns the costs of a million requests until the authorizer accepts
// them, without the backend, for a stack of these resources.
func (p Prices) AcceptedPerMillion(resources []Resource, r Request, authorizerTTL, retention time.Duration) ([]Item, error) {
	authorizer, err := function(resources, "authorizer")
	if err != nil {
		return nil, err
	}
	return append(p.edgeAndAPI(resources, r, retention), p.authorizations(authorizer, authorizerTTL)), nil
}
