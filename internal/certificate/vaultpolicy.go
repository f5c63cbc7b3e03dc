package certificate

import (
	"fmt"
	"strings"
)

// rule is one rule of a Vault policy.
type rule struct {
	path       string // of one endpoint: nothing in it stands for others
	capability string
}

// issuePaths are for whoever gets certificates of a role: with a key that Vault
// makes, or for a request of their own. Which names these may have is the role's.
func issuePaths(mount, role string) []rule {
	return append(signPaths(mount, role),
		rule{mount + "/issue/" + role, "update"},
		rule{mount + "/cert/ca_chain", "read"},
	)
}

// signPaths are for cert-manager, which keeps its keys to itself.
func signPaths(mount, role string) []rule {
	return []rule{{mount + "/sign/" + role, "update"}}
}

// policyText writes rules as Vault reads them.
func policyText(rules []rule) string {
	var text strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&text, "path %q {\n  capabilities = [%q]\n}\n", r.path, r.capability)
	}
	return text.String()
}
