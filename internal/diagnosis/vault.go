package diagnosis

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// ofVault are the symptoms of Vault, in the words of the official plugin.
var ofVault = []symptom{
	{regexp.MustCompile(`VAULT_NAMESPACE is "[^"]*" in this environment`), always(Finding{
		Section: "vault-token",
		Wrong:   "The environment names a namespace of Vault, and the stack's certificates need the root namespace.",
		Next: []string{
			"`unset VAULT_NAMESPACE`, and take a token of the root namespace (`vault token lookup` shows namespace_path).",
			"With a Vault that has no root namespace for you, such as HCP Vault Dedicated, there are no certificates from it: `certificateEnabled: false`. Nothing was changed.",
		},
	})},
	{regexp.MustCompile(`failed to lookup token, err=[^\n]*x509:[^\n]*`), always(Finding{
		Section: "vault-away",
		Wrong:   "This machine doesn't trust Vault's certificate.",
		Next:    []string{"VAULT_CACERT names the file of the authority that signed it, for this shell and for the runner. Nothing was changed."},
	})},
	{regexp.MustCompile(`failed to lookup token, err=(?:(?:Get|Put) "(https?://[^/"]+)|context deadline exceeded)`), func(matches [][]string) Finding {
		return Finding{
			Section: "vault-away",
			Wrong:   fmt.Sprintf("Vault%s can't be reached from here.", at(matches[0])),
			Next: []string{
				"`vault status -address=…` in this shell: the address is the setting vaultAddress. Does it need a VPN, VAULT_CACERT or VAULT_PROXY_ADDR?",
				"If Vault is down: wait for it. What has a certificate keeps it, and nothing was changed.",
			},
		}
	}},
	{regexp.MustCompile(`Vault is sealed`), always(Finding{
		Section: "vault-away",
		Wrong:   "Vault is sealed: it answers no request.",
		Next:    []string{"Its operators have to unseal it. What has a certificate keeps it, and nothing was changed."},
	})},
	{regexp.MustCompile(`no vault token set on Client`), always(Finding{
		Section: "vault-token",
		Wrong:   "There is no token for Vault.",
		Next: []string{
			"`vault login`, or VAULT_TOKEN; `vault token lookup` says whose it is then, and for how long.",
			"Run the command again. Nothing was changed.",
		},
	})},
	{regexp.MustCompile(`failed to lookup token, err=` + answered403 + `|` + answered403 + `[^U]*\* invalid token`), always(Finding{
		Section: "vault-token",
		Wrong:   "Vault doesn't accept the token: it has expired, was revoked, or is another Vault's.",
		Next: []string{
			"Get another (`vault login`, VAULT_TOKEN); `vault token lookup` says whether it is good. One for a deployment has to live as long as that.",
			"Run the command again: it goes on from where it was.",
		},
	})},
	{regexp.MustCompile(answered403), vaultPermission},
	{regexp.MustCompile(`as TTL would result in notAfter of? ?\S* ?that is beyond the expiration of the CA certificate at (\S+)|its issuer "[^"]*", or one above it, ends (\S+), which is too soon`), func(matches [][]string) Finding {
		return Finding{
			Section: "issuer-ends",
			Wrong:   fmt.Sprintf("The authority ends%s, before the end of a certificate that is issued now.", when(matches[0])),
			Next: []string{
				"An authority of the stack's own: `pulumi up --replace '**authority-intermediate-request'` makes another intermediate.",
				"An existing one: have its owners make another issuer, and name it in certificateMountIssuer.",
				"Until then, a shorter certificateTtl (and certificateRenewBefore) fits.",
			},
		}
	}},
}

// answered403 matches the error of Vault's client for a denied request.
const answered403 = `Error making API request\.\s+(?:Namespace: \S*\s+)?URL: ([A-Z]+) \S+?/v1/(\S+)\s+Code: 403`

// vaultPermission returns one finding about all paths that the token may not use.
func vaultPermission(matches [][]string) Finding {
	refused := map[string]bool{}
	for _, match := range matches {
		groups := slices.DeleteFunc(slices.Clone(match[1:]), func(group string) bool { return group == "" })
		refused[strings.Join(groups, " ")] = true
	}
	return Finding{
		Section: "vault-permission",
		Wrong:   fmt.Sprintf("The token's policies don't allow what the deployment requests of Vault: %s.", strings.Join(slices.Sorted(maps.Keys(refused)), ", ")),
		Next: []string{
			"`vault token lookup` says which policies it has; docs/certificates.md has the one that a deployment needs. POST and PUT are \"update\", or \"create\" of what is new.",
			"Run the command again: it goes on from where it was.",
		},
	}
}

// when returns a point in time, if a message's match has it.
func when(match []string) string {
	for _, moment := range match[1:] {
		if moment != "" {
			return " at " + strings.TrimRight(moment, ",;.")
		}
	}
	return ""
}

// at returns the address of a server, if a message's match has it.
func at(match []string) string {
	for _, address := range match[1:] {
		if address != "" {
			return " at " + address
		}
	}
	return ""
}
