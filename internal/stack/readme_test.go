package stack

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/costs"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

var update = flag.Bool("update", false, "write the table of exports into docs/exports.md")

// exportsTable renders the exports as docs/exports.md lists them.
func exportsTable() string {
	var table strings.Builder
	table.WriteString("| export | type | description |\n|---|---|---|\n")
	for _, e := range exports {
		description := e.description
		if e.condition.description != "" {
			description = e.condition.description + ": " + description
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", e.name, e.typ, description)
	}
	return table.String()
}

func TestExportsAreDocumented(t *testing.T) {
	const path = "../../docs/exports.md"
	current, err := os.ReadFile(path)
	require.NoError(t, err)
	wanted, err := costs.Fill(string(current), map[string]string{"exports": exportsTable()})
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(wanted), 0o644))
		return
	}
	assert.True(t, wanted == string(current), "the table of exports in docs/exports.md is not up to date: run `make docs`")
}

func typeOf(value any) string {
	switch value.(type) {
	case string:
		return stringType
	case []any:
		return stringListType
	case map[string]any:
		return stringMapType
	default:
		return "unknown"
	}
}

func TestExportsHaveTheirTypes(t *testing.T) {
	full := pulumitest.Configured(t, map[string]string{
		"networkEnabled": "true", "networkInterfaceEndpoints": `["ssm"]`, "observabilityEnabled": "true",
		"wafEnabled": "true", "accessLogsEnabled": "true", "clientAccess": "keys",
		"vaultAddress": "https://vault.example.com:8200", "certificateNames": `["inference.example.com"]`,
		"kubernetesContext": "main", "workloadEnabled": "true", "workloadImage": "registry.example.com/gateway:1.4.2",
	})
	existing := pulumitest.Settings(t)
	existing.Network.Enabled = true
	existing.Network.Existing = config.ExistingNetwork{
		VPCID:            pulumitest.ExistingVPC,
		PrivateSubnetIDs: []string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB},
	}
	types := map[string]string{}
	for _, s := range []config.Settings{full, existing, pulumitest.Settings(t)} {
		for name, value := range exported(t, s) {
			types[name] = typeOf(value)
		}
	}
	listed := map[string]string{}
	for _, e := range exports {
		assert.NotContains(t, listed, e.name, "an export is listed once")
		listed[e.name] = e.typ
	}
	assert.Equal(t, types, listed, "scripts and other stacks use the exports: their names and types stay")
}

var placeholder = regexp.MustCompile(`\$\{outputs\.([A-Za-z]+)\}`)

// The page of Pulumi Cloud uses only exports that every stack has.
func TestPulumiCloudPageUsesExports(t *testing.T) {
	page, err := os.ReadFile("../../Pulumi.README.md")
	require.NoError(t, err)
	exports := exported(t, pulumitest.Settings(t))
	named := placeholder.FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, named)
	for _, name := range named {
		assert.Contains(t, exports, name[1])
	}
}
