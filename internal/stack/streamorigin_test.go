package stack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/policy/rules"
)

// The rules are a program of their own, without the component's package.
func TestRulesKnowTheOriginThatStreams(t *testing.T) {
	assert.Equal(t, edge.StreamOriginID, rules.StreamOriginID)
}
