package pipeline

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// operations are what Terraform's provider calls for one kind of resource.
type operations struct {
	Create, Read, Update, Delete, Tags []string
	DeployOnly                         []string `yaml:"deployOnly"`
}

func (o operations) changing() []string {
	return slices.Concat(o.Create, o.Update, o.Delete, o.Tags, o.DeployOnly)
}

// provider is terraform.yaml.
type provider struct {
	Resources, Lookups map[string]operations
	Never              []unseen
}

func loadProvider(t testing.TB) provider {
	t.Helper()
	text, err := os.ReadFile("terraform.yaml")
	require.NoError(t, err)
	var p provider
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&p))
	return p
}

func (p provider) never(t testing.TB) []string {
	var all []string
	for _, n := range p.Never {
		require.NotEmpty(t, n.Reason)
		all = append(all, n.Actions...)
	}
	return all
}

// action is how IAM writes what is called.
var action = regexp.MustCompile(`^[a-z0-9]+:[A-Z][A-Za-z]+$`)

func TestRolesMayMakeTheCallsOfTerraform(t *testing.T) {
	table := loadProvider(t)
	p, n, never := load(t), names("dev"), table.never(t)
	n.ZoneIDs = []string{"Z1"}
	preview, deploy := roleOf(n, p.reading()...), roleOf(n, slices.Concat(p.reading(), p.writing())...)
	for _, kinds := range []map[string]operations{table.Resources, table.Lookups} {
		for kind, o := range kinds {
			for _, called := range slices.Concat(o.Read, o.changing()) {
				assert.Regexp(t, action, called, kind)
				assert.True(t, called == alwaysAllowed || deploy.mayCall(called) || slices.Contains(never, called),
					"for %s the deploy role needs %s: add it to permissions.yaml, or say below `never` in terraform.yaml why it isn't called", kind, called)
			}
			for _, called := range o.Read {
				assert.True(t, called == alwaysAllowed || preview.mayCall(called), "for %s the preview role needs %s", kind, called)
			}
			for _, called := range o.DeployOnly {
				assert.False(t, preview.mayCall(called), "a preview doesn't look up %s", kind)
			}
		}
	}
}

func TestActionsThatAreNeverCalledAreNotAllowed(t *testing.T) {
	table, deploy := loadProvider(t), deployRole(t)
	called := calledActions(t)
	var known []string
	for _, o := range table.Resources {
		known = append(known, o.changing()...)
	}
	for _, action := range table.never(t) {
		assert.False(t, deploy.mayCall(action), "%s is allowed: take it from `never` in terraform.yaml", action)
		assert.NotContains(t, called["deploy"], action)
		assert.Contains(t, known, action, "no resource's operation is %s", action)
	}
}
