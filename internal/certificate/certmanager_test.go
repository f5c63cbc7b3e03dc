package certificate_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const (
	issuerType      = "kubernetes:cert-manager.io/v1:Issuer"
	certificateType = "kubernetes:cert-manager.io/v1:Certificate"
	loginType       = "vault:kubernetes/authBackendRole:AuthBackendRole"
)

func managed(t *testing.T, changes map[string]string) *pulumitest.Recorder {
	t.Helper()
	all := map[string]string{"certificateIssuer": "certManager"}
	maps.Copy(all, changes)
	return run(t, all)
}

func labels(component string) map[string]any {
	return map[string]any{
		"app.kubernetes.io/instance":   "gatehouse-test",
		"app.kubernetes.io/component":  component,
		"app.kubernetes.io/part-of":    "gatehouse",
		"app.kubernetes.io/managed-by": "pulumi",
	}
}

func TestCertManagersKeyIsNotInTheProgram(t *testing.T) {
	r := managed(t, nil)
	assert.Empty(t, r.OfType(leafType))
	assert.Empty(t, r.OfType(secretType))
}

func TestManagedCertificate(t *testing.T) {
	got := managed(t, nil).Only(t, certificateType).Input("").Mappable()
	assert.Equal(t, map[string]any{
		"apiVersion": "cert-manager.io/v1",
		"kind":       "Certificate",
		"metadata": map[string]any{
			"name":        "gatehouse-test-cert-manager-tls",
			"namespace":   "gatehouse",
			"labels":      labels("certificate"),
			"annotations": map[string]any{"pulumi.com/waitFor": "condition=Ready"},
		},
		"spec": map[string]any{
			"secretName":           "gatehouse-test-cert-manager-tls",
			"secretTemplate":       map[string]any{"labels": labels("certificate")},
			"issuerRef":            map[string]any{"group": "cert-manager.io", "kind": "Issuer", "name": "gatehouse-test-issuer"},
			"commonName":           "inference.example.com",
			"dnsNames":             []any{"inference.example.com", "model.gatehouse.svc"},
			"duration":             "720h0m0s",
			"renewBefore":          "240h0m0s",
			"privateKey":           map[string]any{"algorithm": "ECDSA", "encoding": "PKCS8", "size": 256.0, "rotationPolicy": "Always"},
			"usages":               []any{"digital signature", "server auth"},
			"revisionHistoryLimit": 1.0,
		},
	}, got)
}

// A changed object is ready as it was before, until cert-manager has looked at it.
func TestChangedManagedCertificateIsReplaced(t *testing.T) {
	request := managed(t, nil).Only(t, certificateType).Request
	assert.Equal(t, []string{"spec"}, request.GetReplaceOnChanges())
	assert.True(t, request.GetDeleteBeforeReplace(), "the new one has the same name")
}

func TestManagedCertificateFollowsTheSettings(t *testing.T) {
	certificate := managed(t, map[string]string{
		"certificateKey": "rsa4096", "certificateIpAddresses": `["10.0.10.25"]`, "certificateTtl": "24h", "certificateRenewBefore": "6h",
		"kubernetesWait": "false",
	}).Only(t, certificateType)
	assert.Equal(t, map[string]any{"algorithm": "RSA", "encoding": "PKCS8", "size": 4096.0, "rotationPolicy": "Always"}, certificate.Input("spec.privateKey").Mappable())
	assert.Equal(t, []any{"digital signature", "key encipherment", "server auth"}, certificate.Input("spec.usages").Mappable())
	assert.Equal(t, []any{"10.0.10.25"}, certificate.Input("spec.ipAddresses").Mappable())
	assert.Equal(t, "24h0m0s", certificate.Text("spec.duration"))
	assert.Equal(t, "6h0m0s", certificate.Text("spec.renewBefore"))
	assert.Equal(t, map[string]any{"pulumi.com/skipAwait": "true"}, certificate.Input("metadata.annotations").Mappable())
}

func TestIssuerSignsWithTheRole(t *testing.T) {
	assert.Equal(t, map[string]any{
		"apiVersion": "cert-manager.io/v1",
		"kind":       "Issuer",
		"metadata":   map[string]any{"name": "gatehouse-test-issuer", "namespace": "gatehouse", "labels": labels("certificate")},
		"spec": map[string]any{"vault": map[string]any{
			"server": "https://vault.example.com:8200",
			"path":   "pki/main/sign/gatehouse-test",
			"auth": map[string]any{"kubernetes": map[string]any{
				"mountPath":         "/v1/auth/kubernetes",
				"role":              "gatehouse-test",
				"serviceAccountRef": map[string]any{"name": "gatehouse-test-issuer"},
			}},
		}},
	}, managed(t, nil).Only(t, issuerType).Input("").Mappable())
}

func TestIssuerFollowsTheSettings(t *testing.T) {
	const trust = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	r := managed(t, map[string]string{"certManagerVaultCa": trust, "vaultKubernetesAuth": "clusters/main"})
	issuer := r.Only(t, issuerType)
	assert.Equal(t, base64.StdEncoding.EncodeToString([]byte(trust)), issuer.Text("spec.vault.caBundle"))
	assert.Equal(t, "/v1/auth/clusters/main", issuer.Text("spec.vault.auth.kubernetes.mountPath"))
	assert.Equal(t, "clusters/main", r.Only(t, loginType).Text("backend"))
}

func TestCertManagerLogsInWithADedicatedServiceAccount(t *testing.T) {
	r := managed(t, nil)
	account := r.Only(t, "kubernetes:core/v1:ServiceAccount")
	assert.Equal(t, "gatehouse-test-issuer", account.Text("metadata.name"))
	assert.False(t, account.Input("automountServiceAccountToken").BoolValue())
	assert.Equal(t, map[string]any{
		"backend":                       "kubernetes",
		"roleName":                      "gatehouse-test",
		"boundServiceAccountNames":      []any{"gatehouse-test-issuer"},
		"boundServiceAccountNamespaces": []any{"gatehouse"},
		"audience":                      "vault://gatehouse/gatehouse-test-issuer",
		"tokenPolicies":                 []any{"gatehouse-test-certificates"},
		"tokenNoDefaultPolicy":          true,
		"tokenTtl":                      300.0,
		"tokenMaxTtl":                   300.0,
	}, r.Only(t, loginType).Input("").Mappable())
}

func TestCertManagerMayRequestTokensOfThatAccountOnly(t *testing.T) {
	r := managed(t, map[string]string{"certManagerNamespace": "infrastructure", "certManagerServiceAccount": "manager"})
	role, binding := r.Only(t, "kubernetes:rbac.authorization.k8s.io/v1:Role"), r.Only(t, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")
	assert.Equal(t, []any{map[string]any{
		"apiGroups": []any{""}, "resources": []any{"serviceaccounts/token"},
		"resourceNames": []any{"gatehouse-test-issuer"}, "verbs": []any{"create"},
	}}, role.Input("rules").Mappable())
	assert.Equal(t, map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role.Text("metadata.name")}, binding.Input("roleRef").Mappable())
	assert.Equal(t, []any{map[string]any{"kind": "ServiceAccount", "namespace": "infrastructure", "name": "manager"}}, binding.Input("subjects").Mappable())
}

func TestManagedCertificateDependsOnTheLogin(t *testing.T) {
	r := managed(t, nil)
	before := r.Before(r.Only(t, certificateType))
	assert.Subset(t, before, []string{
		"ready", "certificate-role", "certificate-policy", "certificate-login", "certificate-account",
		"certificate-account-token", "certificate-account-token-binding", "certificate-issuer", "cluster-namespace",
	})
}

// A stack that changes from one way of issuing to the other has both Secrets until
// its pods have moved over.
func TestEachIssuerHasItsOwnSecret(t *testing.T) {
	name := managed(t, nil).Only(t, certificateType).Text("spec.secretName")
	assert.NotEqual(t, run(t, nil).Only(t, secretType).Text("metadata.name"), name)
	assert.True(t, strings.HasSuffix(name, "-tls"))
}
