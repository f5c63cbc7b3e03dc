package certificate_test

import (
	"encoding/base64"
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/certificate"
	"github.com/gatehouse-iac/gatehouse/internal/certificate/authority"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/namespace"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const (
	roleType   = "vault:pkiSecret/secretBackendRole:SecretBackendRole"
	policyType = "vault:index/policy:Policy"
	leafType   = "vault:pkiSecret/secretBackendCert:SecretBackendCert"
	secretType = "kubernetes:core/v1:Secret"
)

var names = []string{"inference.example.com", "model.gatehouse.svc"}

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

// ready stands for the resources that must exist before a certificate is issued.
const ready = "pulumitest:index:Ready"

func declare(t testing.TB, ctx *pulumi.Context, s config.Settings) (*certificate.Certificate, error) {
	t.Helper()
	ns, err := namespace.New(ctx, "cluster", &namespace.Args{Deployment: pulumitest.Deployment(t), Settings: s.Kubernetes})
	if err != nil {
		return nil, err
	}
	first := &pulumi.CustomResourceState{}
	if err := ctx.RegisterResource(ready, "ready", pulumi.Map{}, first); err != nil {
		return nil, err
	}
	return certificate.New(ctx, "certificate", &certificate.Args{
		Deployment: pulumitest.Deployment(t),
		Settings:   s.Certificate,
		Vault:      s.Vault,
		Issuer: authority.Issuer{
			Mount: pulumi.String("pki/main").ToStringOutput(),
			Ref:   pulumi.String("issuer-id").ToStringOutput(),
			Root:  pulumi.String("root").ToStringOutput(),
			Ready: []pulumi.Resource{first},
		},
		Namespace: ns,
	})
}

func run(t testing.TB, changes map[string]string) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := declare(t, ctx, configured(t, changes))
		return err
	})
}

// bothIssuers runs check with each way of issuing.
func bothIssuers(t *testing.T, check func(t *testing.T, r *pulumitest.Recorder)) {
	for _, issuer := range []string{config.IssuerVault, config.IssuerCertManager} {
		t.Run(issuer, func(t *testing.T) { check(t, run(t, map[string]string{"certificateIssuer": issuer})) })
	}
}

func TestRoleAllowsOnlyTheServedNames(t *testing.T) {
	bothIssuers(t, func(t *testing.T, r *pulumitest.Recorder) {
		assert.Equal(t, map[string]any{
			"backend":   "pki/main",
			"name":      "gatehouse-test",
			"issuerRef": "issuer-id",
			"ttl":       "2592000",
			"maxTtl":    "2592000",
			"keyType":   "ec",
			"keyBits":   256.0,
			"keyUsages": []any{"DigitalSignature"},

			"allowedDomains":            []any{"inference.example.com", "model.gatehouse.svc"},
			"allowBareDomains":          true,
			"allowSubdomains":           false,
			"allowIpSans":               false,
			"allowAnyName":              false,
			"allowGlobDomains":          false,
			"allowWildcardCertificates": false,
			"allowLocalhost":            false,
			"enforceHostnames":          true,
			"requireCn":                 true,
			"cnValidations":             []any{"hostname"},

			"serverFlag":          true,
			"clientFlag":          false,
			"codeSigningFlag":     false,
			"emailProtectionFlag": false,
			"noStore":             false,
		}, r.Only(t, roleType).Input("").Mappable())
	})
}

func TestRoleFollowsTheSettings(t *testing.T) {
	role := run(t, map[string]string{
		"certificateNames": `["a.example.com"]`, "certificateSubdomains": "true", "certificateIpAddresses": `["10.0.10.25"]`,
		"certificateKey": "rsa2048", "certificateTtl": "12h", "certificateRoleTtl": "24h",
	}).Only(t, roleType)
	assert.Equal(t, []any{"a.example.com"}, role.Input("allowedDomains").Mappable())
	assert.True(t, role.Input("allowSubdomains").BoolValue())
	assert.True(t, role.Input("allowIpSans").BoolValue())
	assert.Equal(t, "rsa", role.Text("keyType"))
	assert.InDelta(t, 2048, role.Input("keyBits").NumberValue(), 0)
	assert.Equal(t, []any{"DigitalSignature", "KeyEncipherment"}, role.Input("keyUsages").Mappable())
	assert.Equal(t, "43200", role.Text("ttl"))
	assert.Equal(t, "86400", role.Text("maxTtl"))
}

func TestPolicyAllowsOnlyTheRole(t *testing.T) {
	policy := run(t, nil).Only(t, policyType)
	assert.Equal(t, "gatehouse-test-certificates", policy.Text("name"))
	assert.Regexp(t, `^path "pki/main/sign/gatehouse-test" \{\n[^}]+\}\npath "pki/main/issue/gatehouse-test" \{\n[^}]+\}\npath "pki/main/cert/ca_chain" \{\n[^}]+\}\n$`, policy.Text("policy"))

	managed := run(t, map[string]string{"certificateIssuer": "certManager"}).Only(t, policyType)
	assert.Regexp(t, `^path "pki/main/sign/gatehouse-test" \{\n[^}]+\}\n$`, managed.Text("policy"))
}

func TestLeafCertificate(t *testing.T) {
	leaf := run(t, nil).Only(t, leafType)
	assert.Equal(t, map[string]any{
		"backend":             "pki/main",
		"name":                "gatehouse-test",
		"issuerRef":           "issuer-id",
		"commonName":          "inference.example.com",
		"altNames":            []any{"model.gatehouse.svc"},
		"ttl":                 "720h0m0s",
		"privateKeyFormat":    "pkcs8",
		"autoRenew":           true,
		"minSecondsRemaining": 864_000.0,
		"revoke":              true,
	}, leaf.Input("").Mappable())
	changed := run(t, map[string]string{"certificateTtl": "24h", "certificateRenewBefore": "1h", "certificateIpAddresses": `["10.0.10.25"]`}).Only(t, leafType)
	assert.Equal(t, "24h0m0s", changed.Text("ttl"))
	assert.InDelta(t, 3600, changed.Input("minSecondsRemaining").NumberValue(), 0)
	assert.Equal(t, []any{"10.0.10.25"}, changed.Input("ipSans").Mappable())
}

// The plugin would revoke the old certificate first: the Secret would hold a revoked
// one until the update is over.
func TestNewCertificateIsIssuedBeforeTheOldOneIsRevoked(t *testing.T) {
	r := run(t, nil)
	for _, typ := range []string{leafType, roleType} {
		request := r.Only(t, typ).Request
		assert.True(t, request.GetDeleteBeforeReplaceDefined(), typ)
		assert.False(t, request.GetDeleteBeforeReplace(), typ)
	}
	assert.Equal(t, []string{"issuerRef", "ttl"}, r.Only(t, leafType).Request.GetReplaceOnChanges())
}

func TestCertificateDependsOnTheRoleAndTheIssuer(t *testing.T) {
	r := run(t, nil)
	assert.Subset(t, r.Before(r.Only(t, leafType)), []string{"ready", "certificate-role"})
	assert.Subset(t, r.Before(r.Only(t, secretType)), []string{"certificate-leaf", "cluster-namespace"})
}

func TestSecretHasChainKeyAndRoot(t *testing.T) {
	secret := run(t, nil).Only(t, secretType)
	issued := pulumitest.Issued(names...)
	assert.Equal(t, map[string]any{
		"apiVersion": "v1",
		"kind":       "Secret",
		"type":       "kubernetes.io/tls",
		"metadata": map[string]any{
			"name":      "gatehouse-test-tls",
			"namespace": "gatehouse",
			"labels": map[string]any{
				"app.kubernetes.io/instance":   "gatehouse-test",
				"app.kubernetes.io/component":  "certificate",
				"app.kubernetes.io/part-of":    "gatehouse",
				"app.kubernetes.io/managed-by": "pulumi",
			},
			"annotations": map[string]any{
				"gatehouse/serial-number": pulumitest.SerialNumber(issued),
				"gatehouse/expires":       "2026-02-01T00:00:00Z",
				"pulumi.com/patchForce":   "true",
			},
		},
		"data": map[string]any{
			"tls.crt": encoded(issued.PEM() + pulumitest.Intermediate()),
			"tls.key": encoded(issued.KeyPEM()),
			"ca.crt":  encoded(pulumitest.Root()),
		},
	}, secret.Input("").Mappable())
	assert.True(t, secret.SecretAt("data"))
	assert.False(t, secret.SecretAt("metadata.annotations"), "a preview shows that there is another certificate")
	assert.False(t, secret.Request.GetDeleteBeforeReplace())
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// tampering is a Vault that hands out something else beside the certificate.
type tampering struct {
	*pulumitest.Recorder
	output, value string
}

func (m tampering) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	id, state, err := m.Recorder.NewResource(args)
	if args.TypeToken == leafType {
		state[resource.PropertyKey(m.output)] = resource.NewProperty(m.value)
	}
	return id, state, err
}

func TestMismatchedPartsAreRejected(t *testing.T) {
	other := pulumitest.Issued("other.example.com")
	for name, c := range map[string]struct{ output, value, want string }{
		"no root":           {"caChain", pulumitest.Intermediate(), "import the root"},
		"more than a chain": {"caChain", pulumitest.Intermediate() + pulumitest.Root() + other.PEM(), "is not above"},
		"another's key":     {"privateKey", other.KeyPEM(), "private key does not match public key"},
		"another's":         {"certificate", other.PEM(), `valid for other.example.com, not inference.example.com`},
	} {
		t.Run(name, func(t *testing.T) {
			mocks := tampering{&pulumitest.Recorder{}, c.output, c.value}
			err := pulumi.RunErr(func(ctx *pulumi.Context) error {
				_, err := declare(t, ctx, configured(t, nil))
				return err
			}, pulumi.WithMocks(pulumitest.Project, pulumitest.Stack, mocks))
			require.ErrorContains(t, err, c.want)
			assert.Empty(t, mocks.OfType(secretType))
			assert.NotContains(t, err.Error(), "PRIVATE KEY")
		})
	}
}

func TestOutputs(t *testing.T) {
	outputs := func(changes map[string]string) map[string]any {
		return pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
			c, err := declare(t, ctx, configured(t, changes))
			if err != nil {
				return nil, err
			}
			all := pulumi.Map{"role": c.Role, "policy": c.Policy, "secretName": c.SecretName}
			if c.Issued != nil {
				all["serialNumber"], all["expires"], all["chain"] = c.Issued.SerialNumber, c.Issued.Expires, c.Issued.Chain
			}
			return all, nil
		})
	}
	assert.Equal(t, map[string]any{
		"role":         "gatehouse-test",
		"policy":       "gatehouse-test-certificates",
		"secretName":   "gatehouse-test-tls",
		"serialNumber": pulumitest.SerialNumber(pulumitest.Issued(names...)),
		"expires":      "2026-02-01T00:00:00Z",
		"chain":        pulumitest.Issued(names...).PEM() + pulumitest.Intermediate(), // no secret
	}, outputs(nil))
	assert.Equal(t, map[string]any{
		"role":       "gatehouse-test",
		"policy":     "gatehouse-test-certificates",
		"secretName": "gatehouse-test-cert-manager-tls",
	}, outputs(map[string]string{"certificateIssuer": "certManager"}))
}
