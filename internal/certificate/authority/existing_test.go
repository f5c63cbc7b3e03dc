package authority_test

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/authority"
	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain/chaintest"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// existing are the settings of a certificate that an authority issues for 30 days.
func existing(s config.ExistingAuthority) config.Certificate {
	return config.Certificate{Existing: s, TTL: 30 * 24 * time.Hour, RenewBefore: 10 * 24 * time.Hour}
}

func TestExistingAuthorityIsReadAndNotChanged(t *testing.T) {
	for given, ref := range map[string]string{"": "default", pulumitest.ExistingIssuer: pulumitest.ExistingIssuer} {
		var registered int
		got := pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
			issuer, err := authority.Existing(ctx, existing(config.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: given}), chaintest.Epoch)
			registered = len(issuer.Ready)
			return pulumi.Map{"mount": issuer.Mount, "ref": issuer.Ref, "root": issuer.Root}, err
		})
		assert.Equal(t, map[string]any{"mount": pulumitest.ExistingMount, "ref": ref, "root": pulumitest.Root()}, got)
		assert.Zero(t, registered)
	}
}

func TestUnsuitableAuthorityIsRejected(t *testing.T) {
	for name, c := range map[string]struct {
		given config.ExistingAuthority
		want  string
	}{
		"no such mount":        {config.ExistingAuthority{Mount: "pki/other"}, `looking up the issuer "default" in gatehouse:certificateMount, pki/other: `},
		"no such issuer":       {config.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: "2025"}, `looking up the issuer "2025"`},
		"without a key":        {config.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: pulumitest.IssuerWithoutKey}, `its issuer "imported" has no key there`},
		"not for issuing":      {config.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: pulumitest.IssuerOfNothing}, `its issuer "retired" may not issue certificates; its usage is "crl-signing,ocsp-signing,read-only"`},
		"without a root above": {config.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: pulumitest.IssuerAlone}, `the chain of its issuer "without-root": none of the authorities signed "CN=mocked intermediate", which is no root: import the root`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pulumitest.Run(func(ctx *pulumi.Context) error {
				_, err := authority.Existing(ctx, existing(c.given), chaintest.Epoch)
				return err
			})
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Vault would refuse in the middle of the update, or shorten the certificate's life.
func TestAuthorityThatExpiresTooSoonIsRejected(t *testing.T) {
	end := chaintest.Epoch.Add(5 * chaintest.Year) // of the mocked intermediate
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		issuer string
		before time.Duration
		want   string
	}{
		"long enough":        {pulumitest.ExistingIssuer, 31 * day, ""},
		"too soon":           {pulumitest.ExistingIssuer, 30 * day, `its issuer "2026", or one above it, ends 2030-12-31T00:00:00Z, which is too soon: a certificate issued now would need it for gatehouse:certificateTtl, 720h0m0s`},
		"over":               {pulumitest.ExistingIssuer, -day, "too soon"},
		"shortened":          {pulumitest.IssuerThatTruncates, 11 * day, ""},
		"shortened too much": {pulumitest.IssuerThatTruncates, 10 * day, "for gatehouse:certificateRenewBefore, 240h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pulumitest.Run(func(ctx *pulumi.Context) error {
				_, err := authority.Existing(ctx, existing(config.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: c.issuer}), end.Add(-c.before))
				return err
			})
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
}
