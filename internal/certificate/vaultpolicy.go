package certificate

import (
	"fmt"
	"strings"
)

// rule is one rule of a Vault policy.
type rule struct {
	path       string // of one endpoint, without wildcards
	capability string
}

// issuePaths returns the rules to get certificates of a role, with a key made by Vault or
// for a signing request. The role restricts their names.
func issuePaths(mount, role string) []rule {
	return append(signPaths(mount, role),
		rule{mount + "/issue/" + role, "update"},
		rule{mount + "/cert/ca_chain", "read"},
	)
}

// signPaths returns the rules for cert-manager, whose keys never leave the cluster.
func signPaths(mount, role string) []rule {
	return []rule{{mount + "/sign/" + role, "update"}}
}

// policyHCL returns the rules in Vault's policy language.
func policyHCL(rules []rule) string {
	var hcl strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&hcl, "path %q {\n  capabilities = [%q]\n}\n", r.path, r.capability)
	}
	return hcl.String()
}
