package vault

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/enginetest"
	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/servertest"
)

type props = enginetest.Map

const pki = "vault:pkiSecret/"

// connected is an engine with a provider of a running Vault, and a client
// beside it.
func connected(t *testing.T) (*enginetest.Engine, *api.Client, servertest.Vault) {
	t.Helper()
	server := servertest.StartVault(t)
	t.Setenv("VAULT_TOKEN", server.Token)
	engine := enginetest.Start(t, New(), props{"address": server.Address, "token": ""})
	settings := api.DefaultConfig()
	settings.Address = server.Address
	client, err := api.NewClient(settings)
	if err != nil {
		t.Fatal(err)
	}
	return engine, client, server
}

// authority is a root, an intermediate that it signed, and a role.
type authority struct {
	rootMount, mount, urls, crl, tidy, issuers, root, request, signed, set, role *enginetest.Resource
}

func (a authority) all() []*enginetest.Resource {
	return []*enginetest.Resource{a.rootMount, a.mount, a.urls, a.crl, a.tidy, a.issuers, a.root, a.request, a.signed, a.set, a.role}
}

// inputs of the authority, by resource name.
func inputs() map[string]props {
	names := func(kind string) []any { return []any{"http://127.0.0.1:8200/v1/pki/" + kind} }
	return map[string]props{
		"root-mount": {"path": "root", "type": "pki", "maxLeaseTtlSeconds": 315360000, "description": "root"},
		"mount":      {"path": "pki", "type": "pki", "maxLeaseTtlSeconds": 157680000, "defaultLeaseTtlSeconds": 86400},
		"urls":       {"backend": "pki", "issuingCertificates": names("ca"), "crlDistributionPoints": names("crl"), "ocspServers": names("ocsp")},
		"crl":        {"backend": "pki", "expiry": "72h", "autoRebuild": true, "autoRebuildGracePeriod": "12h", "enableDelta": true, "deltaRebuildInterval": "15m"},
		"tidy":       {"backend": "pki", "enabled": true, "tidyCertStore": true, "tidyRevokedCerts": true, "intervalDuration": "12h", "safetyBuffer": "72h", "pauseDuration": "0s"},
		"root":       {"backend": "root", "type": "internal", "commonName": "Root", "keyType": "ec", "keyBits": 256, "ttl": "87600h", "issuerName": "root"},
		"request":    {"backend": "pki", "type": "internal", "commonName": "Intermediate", "keyType": "ec", "keyBits": 256},
		"signed":     {"backend": "root", "commonName": "Intermediate", "ttl": "43800h", "maxPathLength": 0, "format": "pem_bundle"},
		"set":        {"backend": "pki"},
		"issuers":    {"backend": "pki", "defaultFollowsLatestIssuer": true},
		"role": {
			"backend": "pki", "name": "gateway", "allowedDomains": []any{"model.example.com"}, "allowBareDomains": true, "allowLocalhost": false,
			"allowIpSans": false, "clientFlag": false, "keyType": "ec", "keyBits": 256, "maxTtl": "2592000", "ttl": "2592000",
			"keyUsages": []any{"DigitalSignature"}, "organizations": []any{"Example, Inc."}, "notBeforeDuration": "30s",
		},
	}
}

func makeAuthority(e *enginetest.Engine) (authority, map[string]props) {
	in := inputs()
	var a authority
	a.rootMount = e.Made("vault:index/mount:Mount", "root-mount", in["root-mount"])
	a.mount = e.Made("vault:index/mount:Mount", "mount", in["mount"])
	a.urls = e.Made(pki+"secretBackendConfigUrls:SecretBackendConfigUrls", "urls", in["urls"])
	a.crl = e.Made(pki+"secretBackendCrlConfig:SecretBackendCrlConfig", "crl", in["crl"])
	a.tidy = e.Made(pki+"backendConfigAutoTidy:BackendConfigAutoTidy", "tidy", in["tidy"])
	a.root = e.Made(pki+"secretBackendRootCert:SecretBackendRootCert", "root", in["root"])
	a.request = e.Made(pki+"secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest", "request", in["request"])
	in["signed"]["csr"] = a.request.Text("csr")
	a.signed = e.Made(pki+"secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate", "signed", in["signed"])
	in["set"]["certificate"] = a.signed.Text("certificateBundle")
	a.set = e.Made(pki+"secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned", "set", in["set"])
	in["issuers"]["default"] = a.set.Outputs["importedIssuers"].ArrayValue()[0].StringValue()
	a.issuers = e.Made(pki+"secretBackendConfigIssuers:SecretBackendConfigIssuers", "issuers", in["issuers"])
	a.role = e.Made(pki+"secretBackendRole:SecretBackendRole", "role", in["role"])
	return a, in
}

func leafInputs(ttl string, remaining int) props {
	return props{
		"backend": "pki", "name": "gateway", "commonName": "model.example.com", "ttl": ttl,
		"autoRenew": true, "minSecondsRemaining": remaining, "revoke": true, "privateKeyFormat": "pkcs8",
	}
}

func parse(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("%q is no certificate", text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestAuthorityLifecycle(t *testing.T) {
	e, client, _ := connected(t)
	a, in := makeAuthority(e)
	leaf := e.Made(pki+"secretBackendCert:SecretBackendCert", "leaf", leafInputs("24h", 3600))

	// The certificate issued is as requested.
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(parse(t, a.root.Text("certificate")))
	intermediates.AppendCertsFromPEM([]byte(leaf.Text("caChain")))
	certificate := parse(t, leaf.Text("certificate"))
	if _, err := certificate.Verify(x509.VerifyOptions{DNSName: "model.example.com", Roots: roots, Intermediates: intermediates}); err != nil {
		t.Error(err)
	}
	if got := parse(t, a.signed.Text("certificate")); got.MaxPathLen != 0 || !got.MaxPathLenZero {
		t.Errorf("the path below the intermediate may be %d long", got.MaxPathLen)
	}
	if !leaf.Outputs["privateKey"].IsSecret() {
		t.Error("the private key is no secret")
	}
	if certificate.Subject.Organization[0] != "Example, Inc." || certificate.OCSPServer == nil {
		t.Errorf("the role and the URLs did not count: %v, %v", certificate.Subject, certificate.OCSPServer)
	}

	// Nothing differs, neither now nor after a refresh.
	for range 2 {
		for _, r := range a.all() {
			if got := e.Differs(r, in[r.URN.Name()]); got != "" {
				t.Errorf("%s: %s", r.URN.Name(), got)
			}
			e.Refreshed(r)
		}
		if got := e.Differs(leaf, leafInputs("24h", 3600)); got != "" {
			t.Errorf("leaf: %s", got)
		}
		e.Refreshed(leaf)
	}
	if !leaf.Outputs["privateKey"].IsSecret() {
		t.Error("the private key is no secret after a refresh")
	}

	issuer, err := e.Provider.Invoke(t.Context(), plugin.InvokeRequest{
		Tok: "vault:pkiSecret/getBackendIssuer:getBackendIssuer", Args: enginetest.Properties(props{"backend": "root", "issuerRef": "default"}),
	})
	if err != nil || issuer.Properties["certificate"].StringValue() != a.root.Text("certificate")+"\n" || issuer.Properties["issuerId"].StringValue() != a.root.Text("issuerId") ||
		issuer.Properties["issuerName"].StringValue() != "root" || len(issuer.Properties["caChains"].ArrayValue()) != 1 {
		t.Errorf("the issuer is %v, %v", issuer.Properties, err)
	}

	// Away, a revoked certificate is on the list.
	if err := e.Delete(leaf); err != nil {
		t.Fatal(err)
	}
	revoked, err := client.Logical().Read("pki/cert/" + leaf.Text("serialNumber"))
	if err != nil || revoked.Data["revocation_time"].(interface{ String() string }).String() == "0" {
		t.Errorf("the leaf was not revoked: %v, %v", revoked, err)
	}
	for _, r := range []*enginetest.Resource{a.role, a.issuers, a.set, a.signed, a.request, a.root, a.tidy, a.crl, a.urls, a.mount, a.rootMount} {
		if err := e.Delete(r); err != nil {
			t.Errorf("delete %s: %v", r.URN.Name(), err)
		}
	}
	if mounts, err := client.Sys().ListMounts(); err != nil || mounts["pki/"] != nil || mounts["root/"] != nil {
		t.Errorf("left behind: %v, %v", mounts, err)
	}
}

func TestUpdatesInPlace(t *testing.T) {
	e, client, _ := connected(t)
	a, in := makeAuthority(e)
	accessor := a.mount.Text("accessor")
	for _, test := range []struct {
		r       *enginetest.Resource
		key     string
		value   any
		differs string
	}{
		{a.mount, "maxLeaseTtlSeconds", 94608000, "maxLeaseTtlSeconds update"},
		{a.mount, "description", "intermediate", "description add"},
		{a.mount, "description", nil, "description delete"},
		{a.mount, "passthroughRequestHeaders", []any{"X-One"}, "passthroughRequestHeaders add"},
		{a.mount, "passthroughRequestHeaders", nil, "passthroughRequestHeaders delete"},
		{a.mount, "path", "pki2", "path update"},
		{a.mount, "path", "pki", "path update"},
		{a.urls, "ocspServers", nil, "ocspServers delete"},
		{a.crl, "expiry", "96h", "expiry update"},
		{a.crl, "enableDelta", false, "enableDelta update"},
		{a.tidy, "intervalDuration", "6h", "intervalDuration update"},
		{a.tidy, "tidyCertStore", nil, "tidyCertStore delete"},
		{a.role, "allowSubdomains", true, "allowSubdomains add"},
		{a.role, "allowedDomains", []any{"model.example.com", "other.example.com"}, "allowedDomains update"},
		{a.role, "organizations", nil, "organizations delete"},
		{a.issuers, "defaultFollowsLatestIssuer", false, "defaultFollowsLatestIssuer update"},
	} {
		name := test.r.URN.Name()
		in[name][test.key] = test.value
		if test.value == nil {
			delete(in[name], test.key)
		}
		if got := e.Differs(test.r, in[name]); got != test.differs {
			t.Errorf("%s %s: got %q, want %q", name, test.key, got, test.differs)
		}
		if err := e.Update(test.r, in[name]); err != nil {
			t.Errorf("%s %s: %v", name, test.key, err)
		}
		for range 2 {
			if got := e.Differs(test.r, in[name]); got != "" {
				t.Errorf("%s %s is not as it was wanted: %s", name, test.key, got)
			}
			e.Refreshed(test.r)
		}
	}
	if got := a.mount.Text("accessor"); got != accessor {
		t.Error("the mount is another one now")
	}
	if role, err := client.Logical().Read("pki/roles/gateway"); err != nil || role.Data["allow_subdomains"] != true {
		t.Errorf("got %v, %v", role, err)
	}
}

func TestReplacements(t *testing.T) {
	e, _, _ := connected(t)
	a, in := makeAuthority(e)
	leaf := e.Made(pki+"secretBackendCert:SecretBackendCert", "leaf", leafInputs("24h", 3600))
	in["leaf"] = leafInputs("24h", 3600)
	policy := e.Made("vault:index/policy:Policy", "issuer", props{"policy": "path \"pki/issue/x\" {\n  capabilities = [\"update\"]\n}"})
	in["issuer"] = props{"policy": policy.Text("policy")}
	for _, test := range []struct {
		r       *enginetest.Resource
		key     string
		value   any
		differs string
	}{
		{a.mount, "type", "kv", "type update&replace"},
		{a.root, "commonName", "Other", "commonName update&replace"},
		{a.root, "ttl", "1h", "ttl update"}, // counts when there is a new one
		{a.request, "keyBits", 384, "keyBits update&replace"},
		{a.signed, "maxPathLength", 1, "maxPathLength add&replace"},
		{a.set, "certificate", "other", "certificate update&replace"},
		{a.role, "name", "other", "name update&replace, delete first"},
		{leaf, "commonName", "www.model.example.com", "commonName update&replace, delete first"},
		{leaf, "altNames", []any{"www.model.example.com"}, "altNames add&replace, delete first"},
		{leaf, "ttl", "12h", "ttl update"},
		{policy, "name", "given", "name update&replace, delete first"},
	} {
		name := test.r.URN.Name()
		changed := props{test.key: test.value}
		for key, value := range in[name] {
			if key != test.key {
				changed[key] = value
			}
		}
		if got := e.Differs(test.r, changed); got != test.differs {
			t.Errorf("%s %s: got %q, want %q", name, test.key, got, test.differs)
		}
	}
	if !strings.HasPrefix(policy.Text("name"), "issuer-") {
		t.Errorf("the name is %q", policy.Text("name"))
	}
}

func TestRenewalWhenDue(t *testing.T) {
	e, _, _ := connected(t)
	makeAuthority(e)
	leaf := e.Made(pki+"secretBackendCert:SecretBackendCert", "leaf", leafInputs("65s", 60))
	if leaf.Outputs["renewPending"].BoolValue() {
		t.Error("the renewal is due at once")
	}
	if got := e.Differs(e.Refreshed(leaf), leafInputs("65s", 60)); got != "" {
		t.Errorf("not due, but: %s", got)
	}
	time.Sleep(6 * time.Second)
	if got := e.Differs(leaf, leafInputs("65s", 60)); got != "" {
		t.Errorf("due without a refresh: %s", got)
	}
	e.Refreshed(leaf)
	const due = "certificate update&replace, renewPending update&replace, delete first"
	if got := e.Differs(leaf, leafInputs("65s", 60)); got != due {
		t.Errorf("got %q, want %q", got, due)
	}
	off := leafInputs("65s", 60)
	off["autoRenew"] = false
	if got := e.Differs(leaf, off); got != "autoRenew update" {
		t.Errorf("got %q though renewal was switched off", got)
	}
	late := e.Made(pki+"secretBackendCert:SecretBackendCert", "late", leafInputs("65s", 120))
	if !late.Outputs["renewPending"].BoolValue() {
		t.Error("a leaf that is due when it is made does not say so")
	}
}

func TestDrift(t *testing.T) {
	e, client, _ := connected(t)
	a, in := makeAuthority(e)
	policyInputs := props{"name": "issuer", "policy": "path \"pki/issue/x\" {\n  capabilities = [\"update\"]\n}"}
	policy := e.Made("vault:index/policy:Policy", "policy", policyInputs)

	write := func(path string, data map[string]any) {
		t.Helper()
		if _, err := client.Logical().Write(path, data); err != nil {
			t.Fatal(err)
		}
	}
	write("pki/config/crl", map[string]any{"expiry": "24h"})
	write("sys/policies/acl/issuer", map[string]any{"policy": "path \"*\" {\n  capabilities = [\"sudo\"]\n}"})
	if _, err := client.Logical().JSONMergePatch(t.Context(), "pki/roles/gateway", map[string]any{"allow_any_name": true}); err != nil {
		t.Fatal(err)
	}
	if err := client.Sys().TuneMountAllowNil("pki", api.TuneMountConfigInput{MaxLeaseTTL: new("48h")}); err != nil {
		t.Fatal(err)
	}
	in["policy"] = policyInputs
	for r, want := range map[*enginetest.Resource]string{
		a.crl: "expiry update", policy: "policy update", a.role: "allowAnyName update", a.mount: "maxLeaseTtlSeconds update",
	} {
		name := r.URN.Name()
		if got := e.Differs(e.Refreshed(r), in[name]); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if err := e.Update(r, in[name]); err != nil {
			t.Error(err)
		}
		if got := e.Differs(e.Refreshed(r), in[name]); got != "" {
			t.Errorf("%s was not put right: %s", name, got)
		}
	}

	// What is gone is made again.
	if _, err := client.Logical().Delete("pki/roles/gateway"); err != nil {
		t.Fatal(err)
	}
	if there, err := e.Refresh(a.role); there || err != nil {
		t.Errorf("a role that is gone: %t, %v", there, err)
	}
	if _, err := client.Logical().Delete("root/issuer/" + a.root.Text("issuerId")); err != nil {
		t.Fatal(err)
	}
	if got := e.Differs(e.Refreshed(a.root), in["root"]); got != "issuerId update&replace" {
		t.Errorf("a root whose issuer is gone: %q", got)
	}
	if err := client.Sys().Unmount("pki"); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*enginetest.Resource{a.mount, a.urls, a.crl, a.set} {
		if there, err := e.Refresh(r); there || err != nil {
			t.Errorf("%s of a mount that is gone: %t, %v", r.URN.Name(), there, err)
		}
	}
}

// The state of a killed deployment has the inputs of what it made, and then its path.
func TestAMountIsReadByItsInputs(t *testing.T) {
	e, _, _ := connected(t)
	in := inputs()["mount"]
	made := e.Made("vault:index/mount:Mount", "mount", in)
	adopted := &enginetest.Resource{URN: made.URN, ID: made.ID, Inputs: made.Inputs}
	if e.Refreshed(adopted).Text("accessor") != made.Text("accessor") {
		t.Errorf("it is %v", adopted.Outputs)
	}
	if got := e.Differs(adopted, in); got != "" {
		t.Errorf("it differs: %q", got)
	}
}

func TestErrorsOfTheServer(t *testing.T) {
	e, client, server := connected(t)
	makeAuthority(e)
	mountToken := "vault:index/mount:Mount"

	weak, err := client.Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{"default"}})
	if err != nil {
		t.Fatal(err)
	}
	as := func(config props) *enginetest.Engine {
		config["address"] = server.Address
		return enginetest.Start(t, New(), config)
	}
	for _, test := range []struct {
		name   string
		engine *enginetest.Engine
		token  string
		inputs props
		want   string
	}{
		{"unknown token", as(props{"token": "s.not-a-token"}), mountToken, props{"path": "x", "type": "pki"}, "failed to lookup token, err="},
		{"weak token", as(props{"token": weak.Auth.ClientToken, "skipChildToken": true}), mountToken, props{"path": "x", "type": "pki"}, "Code: 403"},
		{"weak token's child", as(props{"token": weak.Auth.ClientToken}), mountToken, props{"path": "x", "type": "pki"}, "skipChildToken"},
		{"name that the role does not allow", e, pki + "secretBackendCert:SecretBackendCert", props{"backend": "pki", "name": "gateway", "commonName": "evil.example.com"}, "not allowed"},
		{"no mount", e, pki + "secretBackendRole:SecretBackendRole", props{"backend": "nowhere"}, "is something mounted there"},
		{"path in use", e, mountToken, props{"path": "pki", "type": "pki"}, "path is already in use"},
	} {
		err := test.engine.Create(enginetest.New(test.token, "r"), test.inputs)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), server.Address) {
			t.Errorf("%s: got %v", test.name, err)
		}
		if err != nil && (strings.Contains(err.Error(), weak.Auth.ClientToken) || strings.Contains(err.Error(), "s.not-a-token")) {
			t.Errorf("%s: the error shows the token", test.name)
		}
	}

	look := func(arguments props) (plugin.InvokeResponse, error) {
		return e.Provider.Invoke(t.Context(), plugin.InvokeRequest{Tok: "vault:pkiSecret/getBackendIssuer:getBackendIssuer", Args: enginetest.Properties(arguments)})
	}
	if _, err := look(props{"backend": "pki", "issuerRef": "nobody"}); err == nil || !strings.Contains(err.Error(), "unable to find PKI issuer") {
		t.Errorf("no such issuer: %v", err)
	}
	if _, err := look(props{"backend": "nowhere", "issuerRef": "default"}); err == nil || !strings.Contains(err.Error(), "nowhere/issuer/default") {
		t.Errorf("no such mount: %v", err)
	}
	if answer, err := look(props{"backend": "pki"}); err != nil || len(answer.Failures) != 1 || answer.Failures[0].Reason != "issuerRef is missing" {
		t.Errorf("no reference: %v, %v", answer, err)
	}

	r := e.Made(mountToken, "r", props{"path": "r", "type": "pki"})
	server.Stop()
	if _, err := e.Refresh(r); err == nil || !strings.Contains(err.Error(), server.Address) || !strings.Contains(err.Error(), "is Vault running") {
		t.Errorf("a server that is down: %v", err)
	}
}
