package stack

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

var code = regexp.MustCompile("`([A-Za-z]+)`")

// listed are the exports in the README's table, with their types.
func listed(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "| export | type |")
	require.True(t, found, "the README has the table of exports")
	table, _, _ = strings.Cut(table, "\n\n")
	all := map[string]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, name := range code.FindAllStringSubmatch(cells[1], -1) {
			assert.NotContains(t, all, name[1], "once is enough")
			all[name[1]] = strings.TrimSpace(cells[2])
		}
	}
	return all
}

func typeOf(value any) string {
	switch value.(type) {
	case string:
		return "text"
	case []any:
		return "list of texts"
	case map[string]any:
		return "texts by name"
	default:
		return "unknown"
	}
}

func TestTheREADMEListsTheExports(t *testing.T) {
	full := pulumitest.Configured(t, map[string]string{
		"networkEnabled": "true", "networkInterfaceEndpoints": `["ssm"]`, "observabilityEnabled": "true",
		"wafEnabled": "true", "accessLogsEnabled": "true",
		"vaultAddress": "https://vault.example.com:8200", "certificateNames": `["inference.example.com"]`,
		"kubernetesContext": "main", "workloadEnabled": "true", "workloadImage": "registry.example.com/gateway:1.4.2",
	})
	existing := pulumitest.Settings(t)
	existing.Network.Enabled = true
	existing.Network.Existing = config.ExistingNetwork{
		VPCID:            pulumitest.ExistingVPC,
		PrivateSubnetIDs: []string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB},
	}
	types := map[string]string{"readme": "text"} // main.go's
	for _, s := range []config.Settings{full, existing, pulumitest.Settings(t)} {
		for name, value := range exported(t, s) {
			types[name] = typeOf(value)
		}
	}
	assert.Equal(t, types, listed(t), "others build on the exports: their names and types stay, and the README lists them")
}

var placeholder = regexp.MustCompile(`\$\{outputs\.([A-Za-z]+)\}`)

// The console's page names only exports that every stack has.
func TestTheConsolesREADMENamesExports(t *testing.T) {
	text, err := os.ReadFile("../../Pulumi.README.md")
	require.NoError(t, err)
	exports := exported(t, pulumitest.Settings(t))
	named := placeholder.FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, named)
	for _, name := range named {
		assert.Contains(t, exports, name[1])
	}
}
