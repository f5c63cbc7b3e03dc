package stack_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// The calls of each type of resource follow from the source of Terraform's provider, and
// the permissions of the deploying roles follow from the calls: no type may be missing.
func TestCallsOfAllResourceTypesAreKnown(t *testing.T) {
	text, err := os.ReadFile("../pipeline/terraform.yaml")
	require.NoError(t, err)
	var known struct {
		Resources map[string]struct{ Tags []string }
	}
	require.NoError(t, yaml.Unmarshal(text, &known))
	declared := map[string]bool{}
	check := func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			if !strings.HasPrefix(r.Type, "aws:") {
				continue
			}
			declared[r.Type] = true
			assert.Contains(t, known.Resources, r.Type, "add its calls to internal/pipeline/terraform.yaml")
		}
	}
	each(t, check)
	s := pulumitest.Settings(t)
	s.Rotation.AlarmEmail = "operator@example.com" // which no shape has
	check(t, deploy(t, s))
	for kind := range known.Resources {
		assert.True(t, declared[kind], "no shape of the stack has %s: remove it from internal/pipeline/terraform.yaml", kind)
	}
}
