package authority_test

import (
	"maps"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/authority"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const (
	mountType     = "vault:index/mount:Mount"
	urlsType      = "vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls"
	crlType       = "vault:pkiSecret/secretBackendCrlConfig:SecretBackendCrlConfig"
	tidyType      = "vault:pkiSecret/backendConfigAutoTidy:BackendConfigAutoTidy"
	rootType      = "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert"
	requestType   = "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest"
	signType      = "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate"
	setSignedType = "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned"
)

func configured(t testing.TB, changes map[string]string) config.Settings {
	t.Helper()
	config := map[string]string{
		"vaultAddress":         "https://vault.example.com:8200",
		"certificateNames":     `["inference.example.com", "model.gatehouse.svc"]`,
		"kubernetesKubeconfig": "kubeconfig.yaml",
	}
	maps.Copy(config, changes)
	return pulumitest.Configured(t, config)
}

func declare(t testing.TB, ctx *pulumi.Context, s config.Settings) (*authority.Authority, error) {
	t.Helper()
	return authority.New(ctx, "authority", &authority.Args{Deployment: pulumitest.Deployment(t), Vault: s.Vault, Settings: s.Certificate})
}

func run(t testing.TB, s config.Settings) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := declare(t, ctx, s)
		return err
	})
}

func TestRootSignsOnlyTheIntermediate(t *testing.T) {
	r := run(t, configured(t, nil))
	root, sign := r.Only(t, rootType), r.Only(t, signType)
	assert.Equal(t, map[string]any{
		"backend":           "gatehouse-test-pki-root",
		"type":              "internal",
		"commonName":        "gatehouse-test root",
		"excludeCnFromSans": true,
		"keyType":           "ec",
		"keyBits":           256.0,
		"ttl":               "87600h0m0s",
		"maxPathLength":     1.0,
	}, root.Input("").Mappable())
	assert.Equal(t, map[string]any{
		"backend":             "gatehouse-test-pki-root",
		"issuerRef":           "root-issuer-id",
		"csr":                 "mocked request",
		"commonName":          "gatehouse-test intermediate",
		"excludeCnFromSans":   true,
		"ttl":                 "43800h0m0s",
		"maxPathLength":       0.0,
		"permittedDnsDomains": []any{"inference.example.com", "model.gatehouse.svc"},
		"excludedIpRanges":    []any{"0.0.0.0/0", "::/0"},
	}, sign.Input("").Mappable())
	assert.Equal(t, map[string]any{
		"backend":           "gatehouse-test-pki",
		"type":              "internal",
		"commonName":        "gatehouse-test intermediate",
		"excludeCnFromSans": true,
		"keyType":           "ec",
		"keyBits":           256.0,
	}, r.Only(t, requestType).Input("").Mappable())
	assert.Equal(t, map[string]any{
		"backend":     "gatehouse-test-pki",
		"certificate": pulumitest.Intermediate() + pulumitest.Root(),
	}, r.Only(t, setSignedType).Input("").Mappable())
}

func TestRootAndIntermediateAreInSeparateMounts(t *testing.T) {
	r := run(t, configured(t, nil))
	mounts := map[string][]float64{}
	for _, mount := range r.OfType(mountType) {
		assert.Equal(t, "pki", mount.Text("type"))
		mounts[mount.Text("path")] = []float64{mount.Input("defaultLeaseTtlSeconds").NumberValue(), mount.Input("maxLeaseTtlSeconds").NumberValue()}
	}
	assert.Equal(t, map[string][]float64{
		"gatehouse-test-pki-root": {315_360_000, 315_360_000},
		"gatehouse-test-pki":      {2_592_000, 2_592_000}, // no longer than the role's
	}, mounts)
}

// What certificates say of where to ask about them can't be changed later.
func TestIssuerDependsOnTheURLs(t *testing.T) {
	const waitType = "pulumitest:index:Wait"
	r := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		a, err := declare(t, ctx, configured(t, nil))
		if err != nil {
			return err
		}
		return ctx.RegisterResource(waitType, "wait", pulumi.Map{}, &pulumi.CustomResourceState{}, pulumi.DependsOn(a.Issuer.Ready))
	})
	assert.Subset(t, r.Before(r.Only(t, rootType)), []string{"authority-root-mount", "authority-root-urls", "authority-root-crl"})
	assert.Subset(t, r.Before(r.Only(t, signType)), []string{"authority-root-urls", "authority-root-crl", "authority-intermediate-request"})
	assert.Subset(t, r.Before(r.Only(t, setSignedType)), []string{"authority-intermediate", "authority-intermediate-request"})
	assert.Subset(t, r.Before(r.Only(t, waitType)), []string{"authority-intermediate-urls", "authority-intermediate-crl", "authority-intermediate-import"},
		"dependents of the issuer")
}

func TestURLsAreVaultsAndHaveTheIssuersID(t *testing.T) {
	for name, c := range map[string]struct {
		config map[string]string
		base   string
	}{
		"Vault's address":    {nil, "https://vault.example.com:8200"},
		"an address for all": {map[string]string{"certificateUrl": "http://pki.example.com"}, "http://pki.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, configured(t, c.config))
			for place, mount := range map[string]string{"root": "gatehouse-test-pki-root", "intermediate": "gatehouse-test-pki"} {
				base := c.base + "/v1/" + mount
				assert.Equal(t, map[string]any{
					"backend":               mount,
					"enableTemplating":      true,
					"issuingCertificates":   []any{base + "/issuer/{{issuer_id}}/der"},
					"crlDistributionPoints": []any{base + "/issuer/{{issuer_id}}/crl/der"},
					"ocspServers":           []any{base + "/ocsp"},
				}, r.Named(t, urlsType, "authority-"+place+"-urls").Input("").Mappable())
			}
		})
	}
}

func TestRevocationListsAndTidying(t *testing.T) {
	r := run(t, configured(t, nil))
	for _, list := range r.OfType(crlType) {
		assert.True(t, list.Input("autoRebuild").BoolValue())
		expiry, before := duration(t, list.Text("expiry")), duration(t, list.Text("autoRebuildGracePeriod"))
		assert.Equal(t, time.Hour, expiry-before, "how old a list gets")
		assert.LessOrEqual(t, duration(t, list.Text("ocspExpiry")), time.Hour)
		assert.False(t, list.Input("disable").IsBool() || list.Input("ocspDisable").IsBool())
	}
	for _, tidy := range r.OfType(tidyType) {
		assert.True(t, tidy.Input("enabled").BoolValue())
		assert.True(t, tidy.Input("tidyCertStore").BoolValue())
		assert.True(t, tidy.Input("tidyRevokedCerts").BoolValue())
		assert.GreaterOrEqual(t, duration(t, tidy.Text("safetyBuffer")), 365*24*time.Hour)
	}
	assert.Len(t, r.OfType(crlType), 2)
	assert.Len(t, r.OfType(tidyType), 2)
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

func TestNamesAndAddressesAreConstrained(t *testing.T) {
	sign := run(t, configured(t, map[string]string{"certificateIpAddresses": `["10.0.10.25", "fd00::25"]`})).Only(t, signType)
	assert.Equal(t, []any{"10.0.10.25/32", "fd00::25/128"}, sign.Input("permittedIpRanges").Mappable())
	assert.True(t, sign.Input("excludedIpRanges").IsNull())
}

func TestKeysAndTTLsFollowTheSettings(t *testing.T) {
	r := run(t, configured(t, map[string]string{
		"certificateKey": "rsa4096", "certificateRootTtl": "20000h", "certificateIntermediateTtl": "10000h", "certificateRoleTtl": "1000h",
	}))
	for _, typ := range []string{rootType, requestType} {
		assert.Equal(t, "rsa", r.Only(t, typ).Text("keyType"))
		assert.InDelta(t, 4096, r.Only(t, typ).Input("keyBits").NumberValue(), 0)
	}
	assert.Equal(t, "20000h0m0s", r.Only(t, rootType).Text("ttl"))
	assert.Equal(t, "10000h0m0s", r.Only(t, signType).Text("ttl"))
	assert.InDelta(t, 20_000*3600, r.Named(t, mountType, "authority-root-mount").Input("maxLeaseTtlSeconds").NumberValue(), 0)
	assert.InDelta(t, 1000*3600, r.Named(t, mountType, "authority-intermediate-mount").Input("maxLeaseTtlSeconds").NumberValue(), 0)
}

// Another root signs another intermediate, and so does the same one for another life:
// the plugin would only note the changes.
func TestIntermediateIsReplacedWithTheRootAndTheTTL(t *testing.T) {
	assert.Equal(t, []string{"issuerRef", "ttl"}, run(t, configured(t, nil)).Only(t, signType).Request.GetReplaceOnChanges())
}

// Vault would go on speaking for the first issuer that there was.
func TestEachMountHasADefaultIssuer(t *testing.T) {
	defaults := map[string]string{}
	for _, g := range run(t, configured(t, nil)).OfType("vault:pkiSecret/secretBackendConfigIssuers:SecretBackendConfigIssuers") {
		defaults[g.Text("backend")] = g.Text("default")
	}
	assert.Equal(t, map[string]string{"gatehouse-test-pki-root": "root-issuer-id", "gatehouse-test-pki": "intermediate-issuer-id"}, defaults)
}

func TestOutputs(t *testing.T) {
	got := pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		a, err := declare(t, ctx, configured(t, nil))
		if err != nil {
			return nil, err
		}
		return pulumi.Map{"rootMount": a.RootMount, "mount": a.Issuer.Mount, "ref": a.Issuer.Ref, "root": a.Issuer.Root}, nil
	})
	assert.Equal(t, map[string]any{
		"rootMount": "gatehouse-test-pki-root",
		"mount":     "gatehouse-test-pki",
		"ref":       "intermediate-issuer-id",
		"root":      pulumitest.Root(),
	}, got)
}
