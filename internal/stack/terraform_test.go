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

// What each kind of resource calls on AWS follows from the source of Terraform's
// provider, and so do the permissions of the roles that deploy: no kind may be
// missing there.
func TestWhatEveryKindOfResourceCallsIsKnown(t *testing.T) {
	text, err := os.ReadFile("../pipeline/terraform.yaml")
	require.NoError(t, err)
	var known struct {
		Resources map[string]struct{ Tags []string }
	}
	require.NoError(t, yaml.Unmarshal(text, &known))
	declared := map[string]bool{}
	look := func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			if !strings.HasPrefix(r.Type, "aws:") {
				continue
			}
			declared[r.Type] = true
			assert.Contains(t, known.Resources, r.Type, "add what the provider calls for it to internal/pipeline/terraform.yaml")
		}
	}
	each(t, look)
	s := pulumitest.Settings(t)
	s.Rotation.AlarmEmail = "operator@example.com" // which no shape has
	look(t, deploy(t, s))
	for kind := range known.Resources {
		assert.True(t, declared[kind], "no shape of the stack has %s: take it from internal/pipeline/terraform.yaml", kind)
	}
}
