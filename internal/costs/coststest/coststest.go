// Package coststest declares the stacks of the environments' files, for the tests that
// compute documents from them.
package coststest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"testing"

	pulumiresource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/costs"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
)

// Settings returns the settings of an environment's file, as the engine passes it to the
// program, with changes. It is for tests of packages two folders below the root.
func Settings(t testing.TB, environment string, changes map[string]string) config.Settings {
	t.Helper()
	text, err := os.ReadFile("../../Pulumi." + environment + ".yaml")
	require.NoError(t, err)
	var file struct{ Config map[string]any }
	require.NoError(t, yaml.Unmarshal(text, &file))
	all := map[string]string{"gatehouse:alarmEmail": "ops@example.com"}
	for key, value := range file.Config {
		if list, isList := value.([]any); isList {
			encoded, err := json.Marshal(list)
			require.NoError(t, err)
			value = string(encoded)
		}
		all[key] = fmt.Sprint(value)
	}
	maps.Copy(all, changes)
	s, err := config.Load(all)
	require.NoError(t, err)
	return s
}

// Declare returns the resources that the program declares with these settings.
func Declare(t testing.TB, s config.Settings) []costs.Resource {
	t.Helper()
	artifacts := pulumitest.Artifacts(t)
	recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		return stack.Deploy(ctx, s, artifacts, "")
	})
	var all []costs.Resource
	for _, r := range recorder.All() {
		all = append(all, costs.Resource{Type: r.Type, Inputs: pulumiresource.FromResourcePropertyMap(r.Inputs)})
	}
	return all
}
