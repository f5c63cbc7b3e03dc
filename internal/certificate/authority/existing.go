package authority

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain"
	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// Existing checks whether an existing authority can issue certificates now. It changes
// nothing of it.
func Existing(ctx *pulumi.Context, certificate config.Certificate, now time.Time, opts ...pulumi.InvokeOption) (Issuer, error) {
	s := certificate.Existing
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
	above, err := chain.Above(found.Certificate, strings.Join(found.CaChains, "\n"))
	if err != nil {
		return Issuer{}, fmt.Errorf("gatehouse:certificateMount is %q; the chain of its issuer %q: %w", s.Mount, ref, err)
	}
	if err := checkEnd(above.End.Sub(now), found.LeafNotAfterBehavior, certificate); err != nil {
		return Issuer{}, fmt.Errorf("gatehouse:certificateMount is %q; its issuer %q, or one above it, ends %s, which is too soon: %w",
			s.Mount, ref, above.End.UTC().Format(time.RFC3339), err)
	}
	return Issuer{
		Mount: pulumi.String(s.Mount).ToStringOutput(),
		Ref:   pulumi.String(ref).ToStringOutput(),
		Root:  pulumi.String(above.Root).ToStringOutput(),
	}, nil
}

// truncates is the leaf_not_after_behavior of an issuer that shortens lifetimes to its
// own; others reject longer ones.
const truncates = "truncate"

// checkEnd refuses an issuer whose remaining life is too short for the certificate:
// Vault would refuse in the middle of the update, or shorten the certificate's life to
// what every update would renew.
func checkEnd(remaining time.Duration, behavior string, s config.Certificate) error {
	key, least := "certificateTtl", s.TTL
	if behavior == truncates {
		key, least = "certificateRenewBefore", s.RenewBefore
	}
	if remaining > least {
		return nil
	}
	return fmt.Errorf("a certificate issued now would need it for gatehouse:%s, %s; use another issuer (gatehouse:certificateMountIssuer), or shorten that", key, least)
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
