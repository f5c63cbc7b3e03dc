package authority

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

// Existing looks whether an authority that others made will do. It changes nothing
// of it.
func Existing(ctx *pulumi.Context, s settings.ExistingAuthority, opts ...pulumi.InvokeOption) (Issuer, error) {
	ref := s.Issuer
	if ref == "" {
		ref = "default"
	}
	found, err := pkisecret.GetBackendIssuer(ctx, &pkisecret.GetBackendIssuerArgs{Backend: s.Mount, IssuerRef: ref}, opts...)
	if err != nil {
		return Issuer{}, fmt.Errorf("looking up the issuer %q in gatehouse:certificateMount, %s: %w", ref, s.Mount, err)
	}
	if err := check(found); err != nil {
		return Issuer{}, fmt.Errorf("gatehouse:certificateMount is %q; its issuer %q %w", s.Mount, ref, err)
	}
	root, err := chain.Root(found.Certificate, strings.Join(found.CaChains, "\n"))
	if err != nil {
		return Issuer{}, fmt.Errorf("gatehouse:certificateMount is %q; the chain of its issuer %q: %w", s.Mount, ref, err)
	}
	return Issuer{
		Mount: pulumi.String(s.Mount).ToStringOutput(),
		Ref:   pulumi.String(ref).ToStringOutput(),
		Root:  pulumi.String(root).ToStringOutput(),
	}, nil
}

// check refuses issuers that can't issue.
func check(issuer *pkisecret.GetBackendIssuerResult) error {
	if issuer.KeyId == "" {
		return fmt.Errorf("has no key there: only a certificate was imported")
	}
	if !slices.Contains(strings.Split(issuer.Usage, ","), "issuing-certificates") {
		return fmt.Errorf("may not issue certificates; its usage is %q", issuer.Usage)
	}
	return nil
}
