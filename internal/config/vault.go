package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// Vault holds where Vault is. Its token is no setting: the provider takes it from
// the environment.
type Vault struct {
	Address        string // without a slash at its end; empty without a Vault
	KubernetesAuth string // mount path of the Kubernetes auth method, for cert-manager
}

// vaultPathPattern is a mount's path, without slashes at its ends.
var vaultPathPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)

func readVault(r *reader) Vault {
	return Vault{
		Address:        r.address("vaultAddress", isSafe, "https:// with a host and a port, such as https://vault.example.com:8200 (http:// only on this machine itself), or nothing"),
		KubernetesAuth: r.pattern("vaultKubernetesAuth", "kubernetes", vaultPathPattern, "the mount path of an auth method, such as kubernetes"),
	}
}

// address reads the base of URLs, which may be empty and is by default.
func (r *reader) address(key string, valid func(*url.URL) bool, allowed string) string {
	value := r.text(key, typeString, "")
	if value == "" {
		return ""
	}
	address, err := url.Parse(value)
	if err != nil || address.Hostname() == "" || address.User != nil || address.RawQuery != "" || address.ForceQuery || address.Fragment != "" ||
		strings.HasSuffix(value, "/") || !valid(address) {
		r.refuse(key, "%s", allowed)
	}
	return value
}

// isSafe reports whether a token may be sent to an address.
func isSafe(address *url.URL) bool {
	return address.Path == "" && (address.Scheme == "https" || address.Scheme == "http" && isLoopback(address.Hostname()))
}

func isWeb(address *url.URL) bool { return address.Scheme == "https" || address.Scheme == "http" }

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
