package stack_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/policy/rules"
)

func TestEveryResourceKeepsTheRules(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			declared := rules.Resource{Type: r.Type, Name: r.Name, Inputs: resource.FromResourcePropertyMap(r.Inputs)}
			for _, rule := range rules.All {
				assert.Empty(t, rule.Check(declared), "%s: %s %s", rule.Name, r.Type, r.Name)
			}
		}
	})
}
