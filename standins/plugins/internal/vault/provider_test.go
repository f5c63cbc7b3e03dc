package vault

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/enginetest"
	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/serve"
)

var (
	notYet = resource.MakeComputed(resource.NewProperty(""))
	hidden = resource.MakeSecret(resource.NewProperty("hunter2"))
)

const (
	roleToken   = "vault:pkiSecret/secretBackendRole:SecretBackendRole"
	leafToken   = "vault:pkiSecret/secretBackendCert:SecretBackendCert"
	policyToken = "vault:index/policy:Policy"
	mountType   = "vault:index/mount:Mount"
)

// offline is an engine whose Vault gets no requests.
func offline(t *testing.T) *enginetest.Engine {
	return enginetest.Start(t, New(), enginetest.Map{"address": "http://127.0.0.1:1"})
}

func TestConfiguration(t *testing.T) {
	for _, test := range []struct {
		config enginetest.Map
		want   string
	}{
		{enginetest.Map{"address": "https://v", "token": hidden, "skipChildToken": "true", "maxRetries": 3, "version": "6.7.4"}, ""},
		{enginetest.Map{"address": notYet}, ""},
		{enginetest.Map{}, "address is missing"},
		{enginetest.Map{"address": "https://v", "authLoginUserpass": enginetest.Map{}}, "authLoginUserpass is a setting of the provider that this stand-in does not serve; it serves address, caCertDir"},
		{enginetest.Map{"address": "https://v", "maxRetries": hidden}, "maxRetries must be a whole number"},
		{enginetest.Map{"address": 1}, "address must be a text"},
	} {
		_, problems := readConfig(enginetest.Properties(test.config))
		got := strings.Join(problems, "; ")
		if !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") || strings.Contains(got, "hunter2") {
			t.Errorf("%v: got %q", test.config, got)
		}
	}
}

func TestCheckFindsEverythingWrong(t *testing.T) {
	_, err := offline(t).Check(enginetest.New(roleToken, "r"), enginetest.Map{
		"keyType": "dsa", "keyBits": "many", "notBeforeDuration": "a while", "allowedDomains": []any{1}, "colour": "blue", "maxTtl": hidden, "ttl": notYet,
	})
	for _, want := range []string{
		"backend is missing", `keyType is "dsa"; allowed: rsa, ec, ed25519, any`, "keyBits must be a whole number",
		`notBeforeDuration is "a while", which is no time`, "allowedDomains must be a list of texts", "colour is not a property of this resource",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	_, err = offline(t).Check(enginetest.New(leafToken, "r"), enginetest.Map{"backend": "b", "commonName": "c", "format": hidden})
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "format is [secret]; allowed: pem") {
		t.Errorf("got %v", err)
	}
	if _, err := offline(t).Check(enginetest.New("vault:index/token:Token", "r"), nil); err == nil || !strings.Contains(err.Error(), "it serves vault:index/mount:Mount") {
		t.Errorf("a type that is not served: %v", err)
	}
}

func TestDefaultsAndNames(t *testing.T) {
	e := offline(t)
	r := enginetest.New(roleToken, "r")
	checked, err := e.Check(r, enginetest.Map{"backend": "pki", "allowLocalhost": false})
	if err != nil {
		t.Fatal(err)
	}
	name := checked["name"].StringValue()
	if !strings.HasPrefix(name, "r-") || len(name) != len("r-")+randomLength {
		t.Errorf("the name is %q", name)
	}
	if !checked["clientFlag"].BoolValue() || checked["allowLocalhost"].BoolValue() || checked["keyBits"].NumberValue() != 2048 {
		t.Errorf("got %v", checked)
	}
	// A made-up name stays, a given one is not taken for one.
	r.Inputs = checked
	again, err := e.Check(r, enginetest.Map{"backend": "pki"})
	if err != nil || again["name"].StringValue() != name {
		t.Errorf("the name became %v, %v", again["name"], err)
	}
	given, err := e.Check(r, enginetest.Map{"backend": "pki", "name": "gateway"})
	if err != nil || isDefault(given, "name") || !isDefault(given, "clientFlag") {
		t.Errorf("got %v, %v", given, err)
	}
}

func TestAutonamingConfiguration(t *testing.T) {
	r := plugin.CheckRequest{
		URN: enginetest.New(policyToken, "p").URN, News: enginetest.Properties(enginetest.Map{"policy": "x"}),
		Autonaming: &plugin.AutonamingOptions{ProposedName: "project-p", Mode: plugin.AutonamingModeEnforce},
	}
	if inputs, problems := policy.check(r); inputs["name"].StringValue() != "project-p" || problems != nil {
		t.Errorf("got %v, %v", inputs, problems)
	}
	r.Autonaming.Mode = plugin.AutonamingModeDisabled
	if _, problems := policy.check(r); len(problems) != 1 || !strings.HasPrefix(problems[0], "name is missing") {
		t.Errorf("got %v", problems)
	}
}

func TestDiffOfWhatIsNotKnown(t *testing.T) {
	state := enginetest.Properties(enginetest.Map{"backend": "pki", "csr": "old", "commonName": "c"})
	changes, err := sign.changes(state, enginetest.Properties(enginetest.Map{"backend": "pki", "csr": notYet, "commonName": "c"}))
	if err != nil || len(changes) != 1 || changes[0].Kind != plugin.DiffUpdateReplace {
		t.Errorf("got %v, %v", changes, err)
	}
	changes, err = sign.changes(state, enginetest.Properties(enginetest.Map{"backend": "pki", "csr": "old", "commonName": "c", "ttl": notYet}))
	if err != nil || len(changes) != 1 || changes[0].Kind != plugin.DiffAdd {
		t.Errorf("got %v, %v", changes, err)
	}
}

func TestPreview(t *testing.T) {
	created := leaf.planned(nil, enginetest.Properties(enginetest.Map{"backend": "pki", "commonName": "c"}))
	if !created["certificate"].IsComputed() || !created["privateKey"].IsSecret() || created["commonName"].StringValue() != "c" {
		t.Errorf("got %v", created)
	}
	if _, has := created["ttl"]; has {
		t.Error("what was not given is previewed")
	}
	state := enginetest.Properties(enginetest.Map{"backend": "pki", "commonName": "c", "certificate": "PEM", "ttl": "1h"})
	updated := leaf.planned(state, enginetest.Properties(enginetest.Map{"backend": "pki", "commonName": "c"}))
	if updated["certificate"].StringValue() != "PEM" || updated["ttl"].HasValue() {
		t.Errorf("got %v", updated)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	before := enginetest.Properties(enginetest.Map{"policy": hidden})
	if got := policy.properties(values{"policy": "x", "name": "n"}, before); !got["policy"].IsSecret() || got["name"].IsSecret() {
		t.Errorf("got %v", got)
	}
	if got := leaf.properties(values{"private_key": "x"}); !got["privateKey"].IsSecret() {
		t.Errorf("got %v", got)
	}
}

func TestBody(t *testing.T) {
	got := role.body(
		values{"backend": "pki", "name": "n", "allowed_domains": []string{"a"}, "client_flag": false, "max_ttl": "10"},
		values{"organization": []string{"o"}, "ttl": "5"})
	if _, sent := got["backend"]; sent {
		t.Error("the path is sent in the body")
	}
	if _, sent := got["ttl"]; sent {
		t.Error("what Vault decided before is sent")
	}
	if got["client_flag"] != false || got["max_ttl"] != "10" {
		t.Errorf("got %v", got)
	}
	if organization, sent := got["organization"].([]string); !sent || len(organization) != 0 {
		t.Error("what is no longer wanted is not removed")
	}
	issue := leaf.body(values{"alt_names": []string{"a", "b"}, "min_seconds_remaining": 5, "ttl": "1h"}, nil)
	if issue["alt_names"] != "a,b" || issue["ttl"] != "1h" || issue["min_seconds_remaining"] != nil {
		t.Errorf("got %v", issue)
	}
}

func TestKeyOfARequest(t *testing.T) {
	for source, want := range map[string][]string{
		"internal": {"key_name", "key_type"}, "existing": {"key_ref"}, "kms": {"key_name"},
	} {
		body := withoutOtherKeys(map[string]any{"key_name": 1, "key_type": 1, "key_ref": 1}, values{"type": source})
		if len(body) != len(want) {
			t.Errorf("%s: got %v, want %v", source, body, want)
		}
		for _, name := range want {
			if body[name] == nil {
				t.Errorf("%s: got %v, want %v", source, body, want)
			}
		}
	}
}

// answers is a Vault with responses by method and path.
func answers(t *testing.T, of map[string]func(http.ResponseWriter, *http.Request)) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := of[r.Method+" "+r.URL.Path]; answer != nil {
			answer(w, r)
			return
		}
		_, _ = w.Write([]byte(`{"data": {"policy": "x"}}`))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func ok200(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

func status(code int, text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(text))
	}
}

func TestHalfMade(t *testing.T) {
	address := answers(t, map[string]func(http.ResponseWriter, *http.Request){
		"PUT /v1/pki/roles/r": ok200(`{}`),
		"GET /v1/pki/roles/r": status(http.StatusInternalServerError, `{"errors": ["storage is gone"]}`),
	})
	e := enginetest.Start(t, New(), enginetest.Map{"address": address, "token": "t", "skipChildToken": true, "maxRetries": 0})
	err := e.Create(enginetest.New(roleToken, "role"), enginetest.Map{"backend": "pki", "name": "r"})
	half, ok := err.(*serve.Half)
	if !ok || half.ID != "pki/roles/r" || half.State["backend"].StringValue() != "pki" || !strings.Contains(err.Error(), "storage is gone") {
		t.Errorf("got %T %v", err, err)
	}
}

func TestNamespaceGoesWithTheRequest(t *testing.T) {
	var got []string
	note := func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("X-Vault-Namespace"))
		_, _ = w.Write([]byte(`{"data": {"policy": "x"}}`))
	}
	address := answers(t, map[string]func(http.ResponseWriter, *http.Request){"PUT /v1/sys/policies/acl/n": note})
	e := enginetest.Start(t, New(), enginetest.Map{"address": address, "token": "t", "skipChildToken": true, "namespace": "top"})
	e.Made(policyToken, "p", enginetest.Map{"name": "n", "policy": "x"})
	e.Made(policyToken, "p", enginetest.Map{"name": "n", "policy": "x", "namespace": "team"})
	if strings.Join(got, " ") != "top team" {
		t.Errorf("got %q", got)
	}
}

func TestTokenComesFromTheEnvironment(t *testing.T) {
	t.Setenv("VAULT_TOKEN", "")
	t.Setenv("HOME", t.TempDir())
	address := answers(t, nil)
	e := enginetest.Start(t, New(), enginetest.Map{"address": address, "token": "", "skipChildToken": true})
	err := e.Create(enginetest.New(policyToken, "p"), enginetest.Map{"policy": "x"})
	if err == nil || !strings.Contains(err.Error(), "set VAULT_TOKEN") {
		t.Errorf("got %v", err)
	}
	t.Setenv("VAULT_TOKEN", "t")
	if err := e.Create(enginetest.New(policyToken, "p"), enginetest.Map{"policy": "x"}); err != nil {
		t.Error(err)
	}
}

func TestSealed(t *testing.T) {
	address := answers(t, map[string]func(http.ResponseWriter, *http.Request){
		"GET /v1/auth/token/lookup-self": status(http.StatusServiceUnavailable, `{"errors": ["Vault is sealed"]}`),
	})
	e := enginetest.Start(t, New(), enginetest.Map{"address": address, "token": "t", "maxRetries": 0})
	err := e.Create(enginetest.New(mountType, "m"), enginetest.Map{"path": "p", "type": "pki"})
	if err == nil || !strings.Contains(err.Error(), "Vault is sealed") {
		t.Errorf("got %v", err)
	}
}

func TestImport(t *testing.T) {
	_, err := offline(t).Refresh(enginetest.New(policyToken, "p"))
	if err == nil || !strings.Contains(err.Error(), "can't be imported") {
		t.Errorf("got %v", err)
	}
}
