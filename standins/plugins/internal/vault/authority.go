package vault

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/vault/api"
)

// Fields of the types that create a certificate authority.
var (
	format        = field{name: "format", traits: replaces, standard: "pem", allowed: []string{"pem", "der", "pem_bundle"}}
	maxPathLength = field{name: "max_path_length", kind: number, traits: replaces | always, standard: -1}

	names = []field{
		{name: "common_name", traits: required | replaces},
		{name: "alt_names", kind: joined, traits: replaces},
		{name: "ip_sans", kind: joined, traits: replaces},
		{name: "uri_sans", kind: joined, traits: replaces},
		{name: "other_sans", kind: joined, traits: replaces},
		{name: "exclude_cn_from_sans", kind: flag, traits: replaces | always},
	}
	subject = []field{
		{name: "ou", traits: replaces},
		{name: "organization", traits: replaces},
		{name: "country", traits: replaces},
		{name: "locality", traits: replaces},
		{name: "province", traits: replaces},
		{name: "street_address", traits: replaces},
		{name: "postal_code", traits: replaces},
	}
	constraints = []field{
		{name: "permitted_dns_domains", kind: joined, traits: replaces},
		{name: "excluded_dns_domains", kind: joined, traits: replaces},
		{name: "permitted_ip_ranges", kind: joined, traits: replaces},
		{name: "excluded_ip_ranges", kind: joined, traits: replaces},
		{name: "permitted_email_addresses", kind: joined, traits: replaces},
		{name: "excluded_email_addresses", kind: joined, traits: replaces},
		{name: "permitted_uri_domains", kind: joined, traits: replaces},
		{name: "excluded_uri_domains", kind: joined, traits: replaces},
	}
	key = []field{
		{name: "type", traits: required | replaces | local, allowed: []string{"existing", "exported", "internal", "kms"}},
		{name: "key_type", traits: replaces, standard: "rsa", allowed: []string{"rsa", "ec", "ed25519"}},
		{name: "key_bits", kind: number, traits: replaces, standard: 2048},
		privateKeyFormat,
		{name: "key_name", traits: replaces | computed},
		{name: "key_ref", traits: replaces | computed},
		{name: "key_id", traits: output},
	}
	privateKeyFormat = field{name: "private_key_format", traits: replaces, standard: "der", allowed: []string{"der", "pkcs8"}}
)

// root is a self-signed certificate.
var root = func() definition {
	d := issued(
		func(in values) string { return join(in.text("backend"), "issuers/generate/root", in.text("type")) },
		func(in, found values) string { return join(in.text("backend"), "issuer", found.text("issuer_id")) },
		slices.Concat([]field{backend, namespace, format, maxPathLength}, key, names, subject, constraints, []field{
			{name: "ttl"},
			{name: "not_after"},
			{name: "signature_bits", kind: number, traits: computed},
			{name: "issuer_name", traits: replaces | computed},
			{name: "managed_key_name", traits: replaces | computed},
			{name: "managed_key_id", traits: replaces | computed},
			{name: "certificate", traits: output},
			{name: "issuing_ca", traits: output},
			{name: "serial_number", traits: output},
			{name: "issuer_id", traits: output},
		})...,
	)
	d.remove = func(ctx context.Context, vault *api.Client, id string, _ values) error {
		_, err := vault.Logical().DeleteWithContext(ctx, id)
		return err
	}
	d.due = lostIssuer
	return d
}()

// lostIssuer requires a new root where its issuer is another one, or missing.
func lostIssuer(ctx context.Context, vault *api.Client, state values) ([]string, error) {
	answer, err := vault.Logical().ReadRawWithContext(ctx, join(state.text("backend"), "issuer", state.text("issuer_id"), "pem"))
	if answer != nil {
		defer answer.Body.Close()
	}
	switch {
	case isStatus(err, http.StatusInternalServerError) && strings.Contains(err.Error(), "unable to find PKI issuer"):
		return []string{"issuer_id"}, nil
	case isStatus(err, http.StatusNotFound) || isStatus(err, http.StatusForbidden):
		return nil, nil // the mount is deleted; upstream returns no error either
	case err != nil:
		return nil, err
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the issuer's certificate: %w", err)
	}
	if serial(certificate) != state.text("serial_number") {
		return []string{"serial_number"}, nil
	}
	return nil, nil
}

// serial returns a certificate's number as Vault writes it: "0a:1b:…".
func serial(certificate *x509.Certificate) string {
	var octets []string
	for _, octet := range certificate.SerialNumber.Bytes() {
		octets = append(octets, fmt.Sprintf("%02x", octet))
	}
	return strings.Join(octets, ":")
}

// request is a key for an intermediate authority, and the request for its
// certificate.
var request = func() definition {
	d := issued(
		func(in values) string {
			return join(in.text("backend"), "issuers/generate/intermediate", in.text("type"))
		},
		func(in, _ values) string {
			return join(in.text("backend"), "issuers/generate/intermediate", in.text("type"), uuid.NewString())
		},
		slices.Concat([]field{backend, namespace, format}, key, names, subject, []field{
			{name: "serial_number", traits: replaces},
			{name: "signature_bits", kind: number, traits: replaces},
			{name: "managed_key_name", traits: replaces},
			{name: "managed_key_id", traits: replaces},
			{name: "add_basic_constraints", kind: flag, traits: replaces | always, standard: false},
			{name: "key_usage", kind: joined, traits: replaces, sdk: "keyUsages"},
			{name: "csr", traits: output},
			{name: "private_key", traits: output | secret},
			{name: "private_key_type", traits: output},
		})...,
	)
	d.read = nil // upstream never reads it again
	return d
}()

// sign is an intermediate authority's certificate, signed by another.
var sign = func() definition {
	d := issued(signPath,
		func(in, _ values) string {
			if in.text("issuer_ref") != "" {
				return join(signPath(in), in.text("common_name"))
			}
			return join(in.text("backend"), in.text("common_name"))
		},
		slices.Concat([]field{backend, namespace, format, maxPathLength}, names, subject, constraints, []field{
			{name: "csr", traits: required | replaces},
			{name: "ttl"},
			{name: "not_after"},
			{name: "not_before_duration", traits: replaces | duration},
			{name: "issuer_ref"},
			{name: "use_csr_values", kind: flag, traits: replaces | always, standard: false},
			{name: "signature_bits", kind: number, traits: replaces},
			{name: "skid", traits: replaces},
			{name: "use_pss", kind: flag, traits: replaces | always},
			{name: "revoke", kind: flag, traits: local, standard: false},
			{name: "certificate", traits: output},
			{name: "issuing_ca", traits: output},
			{name: "ca_chain", kind: list, traits: output, sdk: "caChains"},
			{name: "certificate_bundle", traits: output},
			{name: "serial_number", traits: output},
		})...,
	)
	d.read = nil // upstream never reads it again
	d.remove = revoke
	create := d.create
	d.create = func(ctx context.Context, vault *api.Client, inputs values) (string, values, error) {
		id, found, err := create(ctx, vault, inputs)
		if err == nil && strings.HasPrefix(inputs.text("format"), "pem") {
			found["certificate_bundle"] = strings.Join(unique(certificates(found.text("certificate"), found.text("issuing_ca"))), "\n")
		}
		return id, found, err
	}
	return d
}()

func signPath(in values) string {
	if issuer := in.text("issuer_ref"); issuer != "" {
		return join(in.text("backend"), "issuer", issuer, "sign-intermediate")
	}
	return join(in.text("backend"), "root/sign-intermediate")
}

// certificates returns the PEM blocks in the strings.
func certificates(texts ...string) []string {
	var found []string
	for _, text := range texts {
		rest := []byte(text)
		for {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			found = append(found, strings.TrimSpace(string(pem.EncodeToMemory(block))))
		}
	}
	return found
}

// unique leaves out repeated elements.
func unique(texts []string) []string {
	var found []string
	for _, text := range texts {
		if !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	return found
}

// setSigned gives an intermediate authority its certificate.
var setSigned = issued(
	func(in values) string { return join(in.text("backend"), "intermediate/set-signed") },
	func(in, _ values) string {
		return join(in.text("backend"), "intermediate/set-signed", uuid.NewString())
	},
	backend, namespace,
	field{name: "certificate", traits: required | replaces},
	field{name: "imported_issuers", kind: list, traits: output},
	field{name: "imported_keys", kind: list, traits: output},
)
