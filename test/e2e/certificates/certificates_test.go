package certificates

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver/vaultservertest"
)

const name = "inference.gatehouse.test"

type object = map[string]any

// deployment does by hand what the stack does with Vault and Kubernetes.
type deployment struct {
	t      *testing.T
	target Target
	serial string

	request      string // for the intermediate's certificate
	intermediate string // its life
	constrained  bool   // to the name
}

func deploy(t *testing.T) *deployment {
	t.Helper()
	l := daemontest.Checkout(t, vaultserver.Name, kubernetesserver.Name)
	vaultservertest.Install(t, l)
	daemontest.Install(t, l, kubernetesserver.Program)
	port := daemontest.FreePorts(t, 2)
	v, _, err := vaultserver.Ensure(t.Context(), l, port)
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := kubernetesserver.Ensure(t.Context(), l, port+1)
	if err != nil {
		t.Fatal(err)
	}
	d := &deployment{t: t, constrained: true, target: Target{
		Vault: v, Kubernetes: k.Access, Name: name, Namespace: "gatehouse", Secret: "gatehouse-tls",
		RootMount: "pki-root", Mount: "pki", Role: "inference", Policy: "issue",
	}}
	for _, mount := range []string{"pki-root", "pki"} {
		d.vault(http.MethodPost, "/sys/mounts/"+mount, object{"type": "pki", "config": object{"max_lease_ttl": "87600h"}}, nil)
		d.vault(http.MethodPost, "/"+mount+"/config/urls", object{
			"issuing_certificates": v.Address + "/v1/" + mount + "/ca", "crl_distribution_points": v.Address + "/v1/" + mount + "/crl",
			"ocsp_servers": v.Address + "/v1/" + mount + "/ocsp",
		}, nil)
	}
	ec := object{"common_name": "Root", "exclude_cn_from_sans": true, "key_type": "ec", "key_bits": 256, "ttl": "87600h"}
	d.vault(http.MethodPost, "/pki-root/root/generate/internal", ec, nil)
	var request struct{ Data struct{ CSR string } }
	d.vault(http.MethodPost, "/pki/intermediate/generate/internal", object{"common_name": "Intermediate", "key_type": "ec", "key_bits": 256}, &request)
	d.request = request.Data.CSR
	d.sign("43800h")
	d.vault(http.MethodPost, "/pki/roles/inference", object{
		"allowed_domains": name, "allow_bare_domains": true, "allow_localhost": false, "allow_ip_sans": false, "client_flag": false,
		"max_ttl": "720h", "key_type": "ec", "key_bits": 256,
	}, nil)
	d.vault(http.MethodPost, "/sys/policies/acl/issue", object{"policy": `
		path "pki/issue/inference" { capabilities = ["update"] }
		path "pki/sign/inference" { capabilities = ["update"] }
		path "pki/ca_chain" { capabilities = ["read"] }`}, nil)
	restricted := object{"pod-security.kubernetes.io/enforce": "restricted"}
	d.kubernetes(http.MethodPost, "/api/v1/namespaces", object{"metadata": object{"name": "gatehouse", "labels": restricted}})
	d.kubernetes(http.MethodPost, "/apis/apps/v1/namespaces/gatehouse/deployments", serving("gatehouse-tls"))
	d.issue("720h")
	d.target.Deploy = d.deploy
	return d
}

// serving is a deployment of pods that have a secret, and no privileges.
func serving(secret string) object {
	labels := object{"app": "server"}
	return object{
		"metadata": object{"name": "server"},
		"spec": object{"selector": object{"matchLabels": labels}, "template": object{
			"metadata": object{"labels": labels},
			"spec": object{
				"securityContext": object{"runAsNonRoot": true, "seccompProfile": object{"type": "RuntimeDefault"}},
				"volumes":         []object{{"name": "tls", "secret": object{"secretName": secret}}},
				"containers": []object{{
					"name": "server", "image": "server:1",
					"securityContext": object{"allowPrivilegeEscalation": false, "capabilities": object{"drop": []string{"ALL"}}},
				}},
			},
		}},
	}
}

// sign gives the intermediate a certificate with this life.
func (d *deployment) sign(ttl string) {
	d.t.Helper()
	if d.intermediate == ttl {
		return
	}
	d.intermediate = ttl
	var signed struct{ Data struct{ Certificate string } }
	request := object{"csr": d.request, "common_name": "Intermediate", "exclude_cn_from_sans": true, "ttl": ttl, "max_path_length": 0}
	if d.constrained {
		request["permitted_dns_domains"], request["excluded_ip_ranges"] = name, "0.0.0.0/0,::/0"
	}
	d.vault(http.MethodPost, "/pki-root/root/sign-intermediate", request, &signed)
	var imported struct {
		Data struct {
			Issuers []string `json:"imported_issuers"`
		}
	}
	d.vault(http.MethodPost, "/pki/intermediate/set-signed", object{"certificate": signed.Data.Certificate}, &imported)
	d.vault(http.MethodPost, "/pki/config/issuers", object{"default": imported.Data.Issuers[0]}, nil)
}

// deploy renews the certificate each time.
func (d *deployment) deploy(_ context.Context, settings map[string]any, _ func(string)) error {
	old := d.serial
	ttl, found := settings["gatehouse:certificateTtl"].(string)
	if !found {
		ttl = "720h"
	}
	intermediate, found := settings["gatehouse:certificateIntermediateTtl"].(string)
	if !found {
		intermediate = "43800h"
	}
	d.sign(intermediate)
	d.issue(ttl)
	d.vault(http.MethodPost, "/pki/revoke", object{"serial_number": old}, nil)
	return nil
}

func (d *deployment) issue(ttl string) {
	d.t.Helper()
	var made struct {
		Data struct {
			Certificate string
			Chain       []string `json:"ca_chain"`
			PrivateKey  string   `json:"private_key"`
			Serial      string   `json:"serial_number"`
		}
	}
	d.vault(http.MethodPost, "/pki/issue/inference", object{"common_name": name, "ttl": ttl}, &made)
	root, err := authority(d.t.Context(), d.target.Vault.As(""), "pki-root")
	if err != nil {
		d.t.Fatal(err)
	}
	d.serial = made.Data.Serial
	method, path := http.MethodPut, "/api/v1/namespaces/gatehouse/secrets/gatehouse-tls"
	if d.target.Deploy == nil {
		method, path = http.MethodPost, "/api/v1/namespaces/gatehouse/secrets"
	}
	d.kubernetes(method, path, object{
		"metadata": object{"name": "gatehouse-tls"}, "type": "kubernetes.io/tls",
		"stringData": object{
			"tls.crt": made.Data.Certificate + "\n" + made.Data.Chain[0], "tls.key": made.Data.PrivateKey, "ca.crt": string(root),
		},
	})
}

func (d *deployment) vault(method, path string, body, into any) {
	d.t.Helper()
	c := d.target.Vault.Root()
	if method == http.MethodPatch {
		c = c.With("Content-Type", "application/merge-patch+json")
	}
	if err := c.Do(d.t.Context(), method, path, body, into); err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
}

func (d *deployment) kubernetes(method, path string, body any) {
	d.t.Helper()
	if err := d.target.Kubernetes.Client().Do(d.t.Context(), method, path, body, nil); err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// failed returns the names of the checks that fail.
func (d *deployment) failed(renewal bool) []string {
	d.t.Helper()
	var names []string
	c := New(d.target)
	checks := c.Checks()
	if renewal {
		checks = append(checks, c.RenewalChecks()...)
	}
	for _, r := range check.Run(d.t.Context(), checks, func(string) {}) {
		d.t.Logf("%s: want %s, got %s, %v (%s)", r.Name, r.Want, r.Got, r.Err, r.Took)
		if r.Err != nil {
			names = append(names, r.Name)
		}
	}
	if len(c.Secrets()) < 4 {
		d.t.Errorf("only %d secrets seen", len(c.Secrets()))
	}
	return names
}

func TestChecksAgainstRealServers(t *testing.T) {
	d := deploy(t)
	if failed := d.failed(true); len(failed) > 0 {
		t.Fatalf("of a sound deployment: %q", failed)
	}

	// Each fault fails one check.
	role := func(more object) {
		t.Helper()
		d.vault(http.MethodPatch, "/pki/roles/inference", more, nil)
	}
	expect := func(name string) {
		t.Helper()
		if failed := d.failed(false); len(failed) != 1 || failed[0] != name {
			t.Errorf("failed: %q, want %q", failed, name)
		}
	}
	role(object{"allow_subdomains": true})
	expect("role: for other names")
	role(object{"allow_subdomains": false, "allow_ip_sans": true})
	expect("role: for other names")
	role(object{"allow_ip_sans": false, "client_flag": true})
	expect("policy: issue, sign, read the chain")
	role(object{"client_flag": false})
	policy := `
		path "pki/issue/inference" { capabilities = ["update"] }
		path "pki/sign/inference" { capabilities = ["update"] }
		path "pki/ca_chain" { capabilities = ["read"] }`
	for _, more := range []string{`path "pki/tidy-status" { capabilities = ["read"] }`, `path "pki-root/*" { capabilities = ["list"] }`} {
		d.vault(http.MethodPost, "/sys/policies/acl/issue", object{"policy": policy + more}, nil)
		expect("policy: anything else")
	}
	d.vault(http.MethodPost, "/sys/policies/acl/issue", object{"policy": policy}, nil)
	d.kubernetes(http.MethodPut, "/apis/apps/v1/namespaces/gatehouse/deployments/server", serving("other"))
	expect("pods that serve with it")
	d.kubernetes(http.MethodPut, "/apis/apps/v1/namespaces/gatehouse/deployments/server", serving("gatehouse-tls"))
	d.vault(http.MethodPost, "/sys/policies/acl/issue", object{"policy": strings.Replace(policy, "pki/sign/inference", "pki/sign/other", 1)}, nil)
	if failed := d.failed(false); len(failed) != 3 { // in place of sign/inference, sign/other
		t.Errorf("failed: %q", failed)
	}
	d.vault(http.MethodPost, "/sys/policies/acl/issue", object{"policy": policy}, nil)
	d.constrained = false
	d.sign("43000h")
	d.issue("720h")
	expect("intermediate: for other names")
}

func TestClients(t *testing.T) {
	d := deploy(t)
	checker := New(d.target)
	h, err := checker.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	alone := h.server
	alone.Certificate = alone.Certificate[:1]
	s, err := serve(alone)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for _, c := range clients {
		if _, err := c.connect(t.Context(), s.address(), name, h.root); !errors.Is(err, errRoot) {
			t.Errorf("%s, without the intermediate: %v", c.name, err)
		}
		if _, err := c.connect(t.Context(), "127.0.0.1:1", name, h.root); err == nil || errors.Is(err, errRoot) || errors.Is(err, errName) {
			t.Errorf("%s, without a server: %v", c.name, err)
		}
	}
	if err := checker.verifyRevoked(t.Context(), h, nil); err == nil || !strings.Contains(err.Error(), "OCSP status") {
		t.Errorf("got %v", err)
	}
}

func TestKeyLines(t *testing.T) {
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: make([]byte, 138)})
	lines := keyLines(key)
	if len(lines) != 2 {
		t.Fatalf("got %q", lines)
	}
	for _, line := range lines {
		if len(line) != 64 || !strings.Contains(string(key), line) {
			t.Errorf("got %q", line)
		}
	}
}

func TestForbiddenCallsAreDifferent(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range forbidden("pki-root", "pki", "inference", "issue") {
		printed := fmt.Sprint(c)
		if seen[printed] || strings.Contains(printed, "ROLE") || strings.Contains(printed, "//") {
			t.Errorf("%s", printed)
		}
		seen[printed] = true
	}
}
