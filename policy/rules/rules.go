// Package rules says what each resource of a stack has to be like, whoever declares
// it. The tests apply the rules to what the program registers with mocks, and the
// policy pack (policy/) to what the engine is about to deploy.
package rules

import "github.com/pulumi/pulumi/sdk/v3/go/property"

// Resource is a resource as the program declares it, before anything is made of it.
type Resource struct {
	Type string // "aws:sqs/queue:Queue"
	Name string

	// Inputs have their secrets marked. In a preview, those that depend on what is not
	// there yet are unknown: no rule takes offence at them, because the deployment
	// applies the rules again when they are known.
	Inputs property.Map
}

// Rule is one demand on every resource.
type Rule struct {
	Name        string // "tls-floor"
	Description string // a sentence

	check func(Resource) problems
}

// Check returns what is wrong with r in the eyes of the rule, a sentence each. No
// sentence repeats an input's value that may be a secret.
func (r Rule) Check(resource Resource) []string { return r.check(resource) }

// All are the rules.
var All = []Rule{encryption, publicAccess, wildcardIAM, tlsFloor, logRetention, tags, authorizer, keySecret}

// byType is a rule's check for some types of resources; it has nothing to say about
// the others.
type byType map[string]func(Resource) problems

func (b byType) check(r Resource) problems {
	if check, ok := b[r.Type]; ok {
		return check(r)
	}
	return nil
}

// problems collects sentences.
type problems []string

func (p *problems) unless(fine bool, sentence string) {
	if !fine {
		*p = append(*p, sentence)
	}
}
