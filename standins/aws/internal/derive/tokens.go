// Package derive matches the SDK's tokens and properties with the schema a Terraform provider reports.
package derive

import (
	"fmt"
	"sort"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/sdk"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

// Table matches the SDK's packages with the provider's schema. Every token of the SDK must have a counterpart.
func Table(
	packages []*sdk.Package, provider shim.Provider, known Exceptions,
) (*table.Table, error) {
	t := &table.Table{Resources: map[string]*table.Entry{}, Functions: map[string]*table.Entry{}}
	var lost []string
	for _, p := range packages {
		if p.Config != nil {
			m := matcher{}
			t.Config = m.object(provider.Schema(), p.Config)
			lost = append(lost, m.lost("provider")...)
		}
		lost = append(lost, pair(t.Resources, p.Resources, provider.ResourcesMap(), known)...)
		lost = append(lost, pair(t.Functions, p.Functions, provider.DataSourcesMap(), known)...)
	}
	if len(lost) > 0 {
		sort.Strings(lost)
		return nil, fmt.Errorf("no counterpart in Terraform was found for:\n  %s\n"+
			"name them by hand if they have one", strings.Join(lost, "\n  "))
	}
	return t, nil
}

// Exceptions names by hand what does not follow from words and properties: a Terraform name, or an empty one for a
// token that is not served.
type Exceptions map[string]string

func pair(
	entries map[string]*table.Entry, objects map[string]*sdk.Object, schemas shim.ResourceMap, known Exceptions,
) []string {
	var lost []string
	for token, object := range objects {
		name, isKnown := known[token]
		if !isKnown {
			name = counterpart(token, object, schemas)
		}
		if name == "" {
			if !isKnown {
				lost = append(lost, token)
			}
			continue
		}
		m := matcher{}
		entries[token] = &table.Entry{Terraform: name, Fields: m.object(schemas.Get(name).Schema(), object)}
		lost = append(lost, m.lost(token)...)
	}
	return lost
}

// Both scores are between 0 and 1. Less than leastWords is an unrelated name; less than leastTotal is a
// guess, and worse than none.
const (
	leastWords = 0.2
	leastTotal = 1.0
)

// counterpart returns the Terraform name whose words and attributes together fit the token best.
func counterpart(token string, object *sdk.Object, schemas shim.ResourceMap) string {
	best, bestScore := "", leastTotal
	schemas.Range(func(name string, schema shim.Resource) bool {
		score := wordScore(token, name)
		if score < leastWords {
			return true
		}
		score += propertyScore(schema.Schema(), object)
		if score > bestScore || score == bestScore && name < best {
			best, bestScore = name, score
		}
		return true
	})
	return best
}

// wordScore compares "aws:cloudwatch/logGroup:LogGroup" with "aws_cloudwatch_log_group".
func wordScore(token, terraform string) float64 {
	parts := strings.Split(token, ":")
	module, _, _ := strings.Cut(parts[1], "/")
	words := strings.TrimPrefix(snake(parts[2]), "get_")
	terraform = strings.TrimPrefix(terraform, "aws_")
	switch {
	case terraform == module+"_"+words, module == "index" && terraform == words:
		return 1
	case terraform == words:
		return 0.95
	case strings.HasSuffix(terraform, "_"+words):
		return 0.8
	}
	return 0.8 * overlap(strings.Split(module+"_"+words, "_"), strings.Split(terraform, "_"))
}

// propertyScore returns the share of the properties that have the name the bridge would give them.
func propertyScore(schema shim.SchemaMap, object *sdk.Object) float64 {
	var derived, declared []string
	for _, attribute := range attributes(schema) {
		derived = append(derived, tfbridge.TerraformToPulumiNameV2(attribute, schema, nil))
	}
	for name := range object.Properties {
		if name != "id" {
			declared = append(declared, name)
		}
	}
	return overlap(derived, declared)
}

// overlap returns the number of elements that two sets have in common, as a share of all.
func overlap(a, b []string) float64 {
	all, common := map[string]bool{}, map[string]bool{}
	for _, s := range a {
		all[s] = true
	}
	for _, s := range b {
		if all[s] {
			common[s] = true
		}
	}
	for _, s := range b {
		all[s] = true
	}
	if len(all) == 0 {
		return 1
	}
	return float64(len(common)) / float64(len(all))
}

// snake is the inverse of the bridge's camel case.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
