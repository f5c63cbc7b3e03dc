package vaultserver

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/recovery"
)

// mounts is the only type that can't be made a second time: the path is in use then.
const mounts = "vault:index/mount:Mount"

// engine is the type of what can be mounted here. The rest of what is mounted comes
// with Vault.
const engine = "pki"

// repeatable are the types that are made anew without harm.
var repeatable = []string{
	// A write each: it replaces what is there.
	"vault:index/policy:Policy",
	"vault:kubernetes/authBackendRole:AuthBackendRole",
	"vault:pkiSecret/backendConfigAutoTidy:BackendConfigAutoTidy",
	"vault:pkiSecret/secretBackendConfigIssuers:SecretBackendConfigIssuers",
	"vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls",
	"vault:pkiSecret/secretBackendCrlConfig:SecretBackendCrlConfig",
	"vault:pkiSecret/secretBackendRole:SecretBackendRole",
	// One more each time, and nobody has the one before: a leaf's key was in the
	// answer that got lost, the others' never leave Vault, and nobody trusts a root
	// that nobody knows. docs/runbook.md says how to find and revoke them.
	"vault:pkiSecret/secretBackendCert:SecretBackendCert",
	"vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest",
	"vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert",
	"vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate",
}

// unclear has what Vault takes a second time without naming the issuer that it was
// to make, and what can't be imported either.
var unclear = []string{"vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned"}

// Inventory asks the server what it holds beyond what every Vault does.
func (s Server) Inventory(ctx context.Context) (recovery.Inventory, error) {
	var answer struct {
		Data map[string]struct{ Type string }
	}
	if err := s.Root().Do(ctx, http.MethodGet, "/sys/mounts", nil, &answer); err != nil {
		return recovery.Inventory{}, fmt.Errorf("ask Vault what it holds: %w", err)
	}
	inventory := recovery.Inventory{Types: []string{mounts}, Repeatable: repeatable, Unclear: unclear}
	for path, mount := range answer.Data {
		if mount.Type != engine {
			continue
		}
		path = strings.Trim(path, "/")
		inventory.Resources = append(inventory.Resources, recovery.Found{Type: mounts, ID: path, Import: path, Hints: []string{path}})
	}
	return inventory, nil
}
