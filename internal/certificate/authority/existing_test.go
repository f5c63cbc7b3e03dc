package authority_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/authority"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

func TestAnExistingAuthorityIsLookedAtAndNotChanged(t *testing.T) {
	for given, ref := range map[string]string{"": "default", pulumitest.ExistingIssuer: pulumitest.ExistingIssuer} {
		var registered int
		got := pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
			issuer, err := authority.Existing(ctx, settings.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: given})
			registered = len(issuer.Ready)
			return pulumi.Map{"mount": issuer.Mount, "ref": issuer.Ref, "root": issuer.Root}, err
		})
		assert.Equal(t, map[string]any{"mount": pulumitest.ExistingMount, "ref": ref, "root": pulumitest.Root()}, got)
		assert.Zero(t, registered)
	}
}

func TestAnAuthorityThatWillNotDoIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		given settings.ExistingAuthority
		want  string
	}{
		"no such mount":        {settings.ExistingAuthority{Mount: "pki/other"}, `looking up the issuer "default" in gatehouse:certificateMount, pki/other: `},
		"no such issuer":       {settings.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: "2025"}, `looking up the issuer "2025"`},
		"without a key":        {settings.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: pulumitest.IssuerWithoutKey}, `its issuer "imported" has no key there`},
		"not for issuing":      {settings.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: pulumitest.IssuerOfNothing}, `its issuer "retired" may not issue certificates; its usage is "crl-signing,ocsp-signing,read-only"`},
		"without a root above": {settings.ExistingAuthority{Mount: pulumitest.ExistingMount, Issuer: pulumitest.IssuerAlone}, `the chain of its issuer "without-root": none of the authorities signed "CN=mocked intermediate", which is no root: import the root`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pulumitest.Run(func(ctx *pulumi.Context) error {
				_, err := authority.Existing(ctx, c.given)
				return err
			})
			require.ErrorContains(t, err, c.want)
		})
	}
}
