// Package rules implements the rules that every resource of a stack must satisfy:
// encryption, TLS, public access, IAM wildcards, log retention, tags, the authorizer,
// secrets, streaming and clients. The tests of package stack check the resources that the program registers with
// mocks; the policy pack (policy/) checks those that the engine is about to deploy.
package rules

import "github.com/pulumi/pulumi/sdk/v3/go/property"

// Resource is a resource as the program declares it.
type Resource struct {
	Type string // "aws:sqs/queue:Queue"
	Name string

	// Inputs have their secrets marked. In a preview, those that depend on resources that
	// don't exist yet are unknown: every rule accepts them, because the deployment applies
	// the rules again when they are known.
	Inputs property.Map
}

// Rule is a requirement for every resource.
type Rule struct {
	Name        string // "tls-floor"
	Description string // a sentence

	check func(Resource) problems
}

// Check returns the rule's violations by a resource, a sentence each. No sentence quotes
// an input's value that may be a secret.
func (r Rule) Check(resource Resource) []string { return r.check(resource) }

// All are the rules.
var All = []Rule{encryption, publicAccess, wildcardIAM, tlsFloor, logRetention, tags, authorizer, keySecret, streaming, clients}

// byType has a rule's checks by type of resource. It accepts resources of other types.
type byType map[string]func(Resource) problems

func (b byType) check(r Resource) problems {
	if check, ok := b[r.Type]; ok {
		return check(r)
	}
	return nil
}

// problems collects violations, a sentence each.
type problems []string

func (p *problems) unless(satisfied bool, sentence string) {
	if !satisfied {
		*p = append(*p, sentence)
	}
}
