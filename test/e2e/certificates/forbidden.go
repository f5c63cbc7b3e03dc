package certificates

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// call is a request to Vault, which has a method of its own, LIST.
type call struct{ method, path string }

// forbidden returns calls that a holder of the policy, who may only use one role of an
// authority, must not make: with other roles, to the authority itself, to the root's, to
// Vault.
func forbidden(root, mount, role, policy string) []call {
	var calls []call
	add := func(prefix string, lines string) {
		for line := range strings.Lines(strings.TrimSpace(lines)) {
			method, path, _ := strings.Cut(strings.TrimSpace(line), " ")
			calls = append(calls, call{method, prefix + strings.ReplaceAll(path, "ROLE", role)})
		}
	}
	add("/"+mount+"/", `
		POST issue/other
		POST sign/other
		POST sign-verbatim
		POST sign-verbatim/ROLE
		POST issuer/default/issue/ROLE
		POST issuer/default/sign/ROLE
		POST issuer/default/sign-verbatim
		POST issuer/default/sign-intermediate
		POST issuer/default/sign-self-issued
		POST issuer/default/revoke
		POST issuer/default
		DELETE issuer/default
		POST issuers/import/bundle
		POST issuers/generate/root/internal
		POST issuers/generate/intermediate/internal
		POST root/generate/internal
		POST root/rotate/internal
		POST root/sign-intermediate
		POST root/sign-self-issued
		POST root/replace
		DELETE root
		POST intermediate/generate/internal
		POST intermediate/set-signed
		POST intermediate/cross-sign
		LIST keys
		POST keys/generate/internal
		POST keys/import
		GET key/default
		DELETE key/default
		LIST roles
		GET roles/ROLE
		POST roles/ROLE
		PATCH roles/ROLE
		DELETE roles/ROLE
		POST roles/other
		GET config/urls
		POST config/urls
		POST config/ca
		POST config/crl
		POST config/issuers
		POST config/keys
		POST config/cluster
		POST config/acme
		POST config/auto-tidy
		POST revoke
		POST revoke-with-key
		LIST certs
		LIST certs/revoked
		POST tidy
		POST tidy-cancel
		GET tidy-status
		GET crl/rotate
		GET crl/rotate-delta`)
	add("/"+root+"/", `
		POST issue/ROLE
		POST sign/ROLE
		POST sign-verbatim
		POST root/sign-intermediate
		POST root/sign-self-issued
		POST root/generate/internal
		DELETE root
		POST issuer/default/sign-intermediate
		POST roles/ROLE
		POST config/urls
		POST config/issuers
		POST revoke
		LIST certs
		GET crl/rotate`)
	add("/sys/", `
		GET mounts
		POST mounts/other
		DELETE mounts/`+mount+`
		POST mounts/`+mount+`/tune
		POST remount
		GET auth
		POST auth/other
		LIST policies/acl
		GET policies/acl/`+policy+`
		POST policies/acl/`+policy+`
		GET audit
		POST rotate
		POST capabilities-self
		POST leases/revoke`)
	add("/", `
		POST auth/token/create
		POST auth/token/create-orphan
		POST auth/token/lookup
		GET auth/token/lookup-self
		POST auth/token/renew-self
		LIST auth/token/accessors
		POST identity/entity
		POST cubbyhole/other`)
	return calls
}

// rejectCalls returns an error unless Vault rejects each of the calls. Vault rejects a path
// that does not exist as well, so that an administrator first verifies that each exists.
func rejectCalls(ctx context.Context, c, all restclient.Client, calls []call) error {
	for _, call := range calls {
		if err := all.Do(ctx, http.MethodGet, call.path+"?help=1", nil, nil); err != nil {
			return fmt.Errorf("no path %s in Vault: %w", call.path, err)
		}
		var body any
		caller := c
		switch call.method {
		case http.MethodPost:
			body = map[string]any{}
		case http.MethodPatch:
			body, caller = map[string]any{}, c.With("Content-Type", "application/merge-patch+json")
		}
		if err := rejected(caller.Do(ctx, call.method, call.path, body, nil), http.StatusForbidden); err != nil {
			return fmt.Errorf("%s %s: %w", call.method, call.path, err)
		}
	}
	return nil
}
