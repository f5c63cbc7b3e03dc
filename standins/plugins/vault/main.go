// Command vault is a Pulumi provider plugin that stands in for the official
// pulumi-resource-vault: it serves the same SDK over Vault's own API.
package main

import (
	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/serve"
	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/vault"
)

// version is the SDK's; the linker sets it.
var version = "0.0.0"

func main() { serve.Main("vault", version, vault.New()) }
