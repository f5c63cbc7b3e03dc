package stack_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Users look for these resources in a preview by name and type, and rely on protect.
func TestUpgradingListsProtectedResources(t *testing.T) {
	page, err := os.ReadFile("../../docs/upgrading.md")
	require.NoError(t, err)
	listed := regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)`[^|]* \\| `([a-zA-Z0-9:/]+)` \\|").FindAllStringSubmatch(string(page), -1)
	require.GreaterOrEqual(t, len(listed), 10)
	protected := map[string]bool{}
	for _, s := range shapes(t) {
		s.Safeguards.Protect = true
		for _, r := range deploy(t, s).All() {
			if r.Request.GetProtect() {
				protected[r.Type+" "+r.Name] = true
			}
		}
	}
	for _, resource := range listed {
		assert.True(t, protected[resource[2]+" "+resource[1]], "%s %s is protected", resource[2], resource[1])
	}
}

// Each release has a row in the page, as the page says.
func TestUpgradingHasARowForEachVersion(t *testing.T) {
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	require.NoError(t, err)
	page, err := os.ReadFile("../../docs/upgrading.md")
	require.NoError(t, err)
	for _, version := range regexp.MustCompile(`(?m)^## \[?([^\s\]]+)`).FindAllStringSubmatch(string(changelog), -1) {
		assert.Contains(t, string(page), "\n| "+version[1]+" |")
	}
}
