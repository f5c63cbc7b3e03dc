package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// Vault holds where Vault is. Its token is not a setting: the provider takes it from
// the environment.
type Vault struct {
	Address        string // without a slash at its end; empty without a Vault
	KubernetesAuth string // mount path of the Kubernetes auth method, for cert-manager
}

// vaultPathPattern matches a mount's path, without slashes at its ends.
var vaultPathPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)

var (
	vaultAddress = setting[string]{
		key: "vaultAddress", basic: true,
		allowed:     orEmpty(satisfying(isVaultAddress, "https:// with a host and a port, such as https://vault.example.com:8200 (http:// only on this machine itself)")),
		description: "Address of Vault. With it, the stack has a certificate (docs/certificates.md). The token is not a setting: the environment variable VAULT_TOKEN has it.",
	}
	vaultKubernetesAuth = setting[string]{
		key: "vaultKubernetesAuth", byDefault: "kubernetes", requires: []requirement{certificateIssuer.toBe(IssuerCertManager)},
		allowed:     matching(vaultPathPattern, "the mount path of an auth method, such as kubernetes"),
		description: "Mount path of Vault's Kubernetes auth method for the cluster, which must exist.",
	}
)

func readVault(r *reader) Vault {
	return Vault{Address: vaultAddress.read(r), KubernetesAuth: vaultKubernetesAuth.read(r)}
}

// isVaultAddress reports whether a token may be sent to an address.
func isVaultAddress(value string) bool {
	address, ok := parseBase(value)
	return ok && address.Path == "" && (address.Scheme == "https" || address.Scheme == "http" && isLoopback(address.Hostname()))
}

// isWebBase reports whether a value is the base of web addresses.
func isWebBase(value string) bool {
	address, ok := parseBase(value)
	return ok && (address.Scheme == "https" || address.Scheme == "http")
}

// parseBase parses the base of URLs, without a slash at its end.
func parseBase(value string) (*url.URL, bool) {
	address, err := url.Parse(value)
	return address, err == nil && address.Hostname() != "" && address.User == nil && address.RawQuery == "" && !address.ForceQuery &&
		address.Fragment == "" && !strings.HasSuffix(value, "/")
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
