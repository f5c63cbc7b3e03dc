package certificate

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPolicyHCL(t *testing.T) {
	assert.Equal(t, `path "pki/sign/server" {
  capabilities = ["update"]
}
path "pki/issue/server" {
  capabilities = ["update"]
}
path "pki/cert/ca_chain" {
  capabilities = ["read"]
}
`, policyHCL(issuePaths("pki", "server")))
	assert.Equal(t, `path "pki/sign/server" {
  capabilities = ["update"]
}
`, policyHCL(signPaths("pki", "server")))
}

func TestPoliciesHaveNoWildcards(t *testing.T) {
	for _, rules := range [][]rule{issuePaths("pki/a", "server"), signPaths("pki/a", "server")} {
		for _, r := range rules {
			assert.NotContains(t, r.path, "*", "any other path")
			assert.NotContains(t, r.path, "+", "any other part")
			assert.Contains(t, []string{"pki/a/sign/server", "pki/a/issue/server", "pki/a/cert/ca_chain"}, r.path)
			assert.Contains(t, []string{"update", "read"}, r.capability)
		}
	}
}
