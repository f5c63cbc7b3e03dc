package stack_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// bySchema lists outputs that are secret because of a provider's schema.
var bySchema = map[string]string{
	"vault:pkiSecret/secretBackendCert:SecretBackendCert": "privateKey",
}

// withoutValue lists outputs that the SDKs mark as secret, and that are empty here.
var withoutValue = map[string][]string{
	"aws:acm/certificate:Certificate": {"privateKey"}, // only of one that is imported
	"pulumi:providers:aws":            {"accessKey", "secretKey", "token"},
	"kubernetes:core/v1:Secret":       {"stringData"},
	"vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest": {"privateKey"}, // Vault keeps it

	"aws:cloudfront/distribution:Distribution": {"origins"}, // of which the header's value is secret
}

// Users who can read and decrypt the state can read these: each preview can.
func TestSecretsInStateAreDocumented(t *testing.T) {
	held := map[string]bool{}
	each(t, func(_ *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			for _, path := range secretPaths("", resource.NewProperty(r.Inputs)) {
				held["`"+r.Type+"` | `"+path+"`"] = true
			}
			for _, output := range r.Request.GetAdditionalSecretOutputs() {
				if !slices.Contains(withoutValue[r.Type], output) {
					held["`"+r.Type+"` | `"+output+"`"] = true
				}
			}
			if output, ok := bySchema[r.Type]; ok {
				held["`"+r.Type+"` | `"+output+"`"] = true
			}
		}
	})
	document, err := os.ReadFile("../../docs/security.md")
	require.NoError(t, err)
	var named []string
	for _, match := range regexp.MustCompile("(?m)^\\| [^|]+ \\| (`[^`]+:[^`]+` \\| `[^`]+`) \\|").FindAllStringSubmatch(string(document), -1) {
		named = append(named, match[1])
	}
	assert.ElementsMatch(t, slices.Sorted(maps.Keys(held)), named, "docs/security.md, Secrets in the state: a line for each type and property")
}

// secretPaths returns the properties that are marked secret, at any depth.
func secretPaths(path string, value resource.PropertyValue) []string {
	var found []string
	switch {
	case value.IsSecret():
		return []string{path}
	case value.IsArray():
		for _, element := range value.ArrayValue() {
			found = append(found, secretPaths(path, element)...)
		}
	case value.IsObject():
		for key, field := range value.ObjectValue() {
			below := string(key)
			if path != "" {
				below = path + "." + below
			}
			found = append(found, secretPaths(below, field)...)
		}
	}
	return found
}
