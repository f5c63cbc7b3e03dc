package vault

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// upstream lists the properties whose change replaces the resource (ForceNew), and the
// file of terraform-provider-vault v4.8.0 with them. A change of any other is an update,
// which has no effect on what Vault issues once.
var upstream = map[tokens.Type]struct{ file, replaces string }{
	"vault:index/mount:Mount": {"vault/resource_mount.go", `
		external_entropy_access local seal_wrap type`},
	"vault:index/policy:Policy": {"vault/resource_policy.go", `
		name`},
	"vault:kubernetes/authBackendRole:AuthBackendRole": {"vault/resource_kubernetes_auth_backend_role.go", `
		backend role_name`},
	"vault:pkiSecret/secretBackendCert:SecretBackendCert": {"vault/resource_pki_secret_backend_cert.go", `
		alt_names backend common_name exclude_cn_from_sans format ip_sans name other_sans private_key_format
		uri_sans user_ids`},
	"vault:pkiSecret/secretBackendConfigIssuers:SecretBackendConfigIssuers": {"vault/resource_pki_secret_backend_config_issuers.go", `
`},
	"vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls": {"vault/resource_pki_secret_backend_config_urls.go", `
`},
	"vault:pkiSecret/secretBackendCrlConfig:SecretBackendCrlConfig": {"vault/resource_pki_secret_backend_crl_config.go", `
		backend`},
	"vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest": {"vault/resource_pki_secret_backend_intermediate_cert_request.go", `
		add_basic_constraints alt_names backend common_name country exclude_cn_from_sans format ip_sans key_bits
		key_name key_ref key_type key_usage locality managed_key_id managed_key_name organization other_sans ou
		postal_code private_key_format province serial_number signature_bits street_address type uri_sans`},
	"vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned": {"vault/resource_pki_secret_backend_intermediate_set_signed.go", `
		backend certificate`},
	"vault:pkiSecret/secretBackendRole:SecretBackendRole": {"vault/resource_pki_secret_backend_role.go", `
		backend name`},
	"vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert": {"vault/resource_pki_secret_backend_root_cert.go", `
		alt_names backend common_name country exclude_cn_from_sans excluded_dns_domains excluded_email_addresses
		excluded_ip_ranges excluded_uri_domains format ip_sans issuer_name key_bits key_name key_ref key_type
		locality managed_key_id managed_key_name max_path_length organization other_sans ou permitted_dns_domains
		permitted_email_addresses permitted_ip_ranges permitted_uri_domains postal_code private_key_format province
		street_address type uri_sans`},
	"vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate": {"vault/resource_pki_secret_backend_root_sign_intermediate.go", `
		alt_names backend common_name country csr exclude_cn_from_sans excluded_dns_domains excluded_email_addresses
		excluded_ip_ranges excluded_uri_domains format ip_sans locality max_path_length not_before_duration
		organization other_sans ou permitted_dns_domains permitted_email_addresses permitted_ip_ranges
		permitted_uri_domains postal_code province signature_bits skid street_address uri_sans use_csr_values
		use_pss`},
}

// stricter lists properties whose change replaces here and has no useful effect upstream:
// the configuration of another mount.
var stricter = map[tokens.Type]string{
	"vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls":       "backend",
	"vault:pkiSecret/secretBackendConfigIssuers:SecretBackendConfigIssuers": "backend",
}

// TestReplacementsAreUpstreams compares what replaces a resource with upstream.
func TestReplacementsAreUpstreams(t *testing.T) {
	for token, d := range definitions {
		of, known := upstream[token]
		if !known {
			continue // upstream's schema is made by a program
		}
		want := strings.Fields(of.replaces + " " + stricter[token])
		for _, f := range d.fields {
			if f.name == namespace.name || f.is(output) {
				continue
			}
			if got := f.is(replaces); got != slices.Contains(want, f.name) {
				t.Errorf("%s: a change of %s replaces: %t; %s says otherwise", token, f.name, got, of.file)
			}
		}
	}
}

// TestUpdatesOfWhatIsIssuedDoNothing: upstream's Update of these is empty, so that
// another ttl changes only the state.
func TestUpdatesOfWhatIsIssuedDoNothing(t *testing.T) {
	for name, d := range map[string]definition{"root": root, "request": request, "sign": sign, "set-signed": setSigned, "certificate": leaf} {
		if d.update != nil {
			t.Errorf("%s: an update does something", name)
		}
	}
	for name, d := range map[string]definition{"root": root, "sign": sign, "certificate": leaf} {
		if d.field("ttl").is(replaces) {
			t.Errorf("%s: another ttl replaces", name)
		}
	}
}
