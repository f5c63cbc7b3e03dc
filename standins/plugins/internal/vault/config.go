package vault

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/options"
)

// config is the provider's configuration. What is not given is for Vault's
// client to find in its environment: VAULT_TOKEN, VAULT_CACERT, ….
type config struct {
	address, token string
	namespace      string // of Vault Enterprise

	caFile, caFolder, serverName string
	skipTLSVerify                bool

	skipChildToken bool
	tokenName      string
	childTTL       int // seconds
	retries        int
}

// readConfig also returns all that is wrong.
func readConfig(properties resource.PropertyMap) (config, []string) {
	c := config{tokenName: "terraform", childTTL: 1200, retries: 2}
	problems := options.Read(properties, map[resource.PropertyKey]any{
		"address":            &c.address,
		"token":              &c.token,
		"namespace":          &c.namespace,
		"caCertFile":         &c.caFile,
		"caCertDir":          &c.caFolder,
		"tlsServerName":      &c.serverName,
		"skipTlsVerify":      &c.skipTLSVerify,
		"skipChildToken":     &c.skipChildToken,
		"tokenName":          &c.tokenName,
		"maxLeaseTtlSeconds": &c.childTTL,
		"maxRetries":         &c.retries,
	})
	if c.address == "" && !properties["address"].ContainsUnknowns() {
		problems = append(problems, "address is missing: where Vault is, as in https://vault.example.com:8200")
	}
	return c, problems
}
