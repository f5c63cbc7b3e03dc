package authority

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain/chaintest"
)

func TestRootsLifetimeMustMatchTheSetting(t *testing.T) {
	const ttl = 1000 * time.Hour
	for life, fits := range map[time.Duration]bool{
		ttl:                  true,
		ttl + 30*time.Second: true, // as Vault makes it
		ttl - time.Second:    false,
		ttl + time.Hour:      false,
		ttl / 2:              false,
	} {
		root := chaintest.Root("root", func(c *x509.Certificate) { c.NotAfter = chaintest.Epoch.Add(life) })
		err := checkLife(root.PEM(), ttl)
		if fits {
			require.NoError(t, err, life)
			continue
		}
		require.ErrorContains(t, err, "gatehouse:certificateRootTtl is 1000h0m0s; allowed: the root's own lifetime, or another root with `pulumi up --replace", life)
	}
	assert.Error(t, checkLife("", ttl))
	assert.Error(t, checkLife("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ttl))
}

func TestFirstIsTheIntermediate(t *testing.T) {
	id, err := first([]string{"intermediate", "root"})
	require.NoError(t, err)
	assert.Equal(t, "intermediate", id)
	_, err = first(nil)
	require.ErrorContains(t, err, "pulumi up --replace '**authority-intermediate-request'")
}
