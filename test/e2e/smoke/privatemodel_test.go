package smoke

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
)

// privateStack responds as CloudFront in front of a private model does.
type privateStack struct {
	leaks bool // forwards the key to the model
	plain bool // has no documents for errors
	away  atomic.Bool
}

func (p *privateStack) viewer(w http.ResponseWriter, r *http.Request) {
	if p.away.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		if !p.plain {
			_, _ = w.Write([]byte(`{"type":"about:blank","title":"Service Unavailable","status":503}`))
		}
		return
	}
	seen := privatemodel.Seen{Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/api/inference"), Query: r.URL.RawQuery, Headers: []string{"accept"}}
	if p.leaks {
		seen.Headers = append(seen.Headers, "x-origin-verify")
	}
	_ = json.NewEncoder(w).Encode(seen)
}

const privateKey = "0123456789abcdef"

func checkPrivate(t *testing.T, p *privateStack) []check.Result {
	t.Helper()
	viewer := httptest.NewServer(http.HandlerFunc(p.viewer))
	defer viewer.Close()
	e := &env.Environment{Outputs: map[string]string{"originHeaderName": "x-origin-verify", "inferencePrefix": "/api/inference"}}
	e.Servers.Cloud.Ports = awsserver.Ports{Distribution: port(t, viewer)}
	checks := append(privateModel(e, privateKey), away(viewer.URL+"/api/inference"+privatePath, nil,
		func(context.Context) error { p.away.Store(true); return nil },
		func(context.Context) error { p.away.Store(false); return nil }, func(string) {}))
	return check.Run(t.Context(), checks, func(string) {})
}

func TestSoundPrivateModelPasses(t *testing.T) {
	results := checkPrivate(t, &privateStack{})
	if len(results) != 3 || !check.Passed(results) {
		t.Errorf("%+v", results)
	}
}

func TestKeyThatReachesTheModelFails(t *testing.T) {
	results := checkPrivate(t, &privateStack{leaks: true})
	if !slices.ContainsFunc(results, func(r check.Result) bool {
		return r.Err != nil && strings.Contains(r.Err.Error(), "the key reached the model")
	}) {
		t.Errorf("%+v", results)
	}
}

func TestPageThatIsNoProblemFails(t *testing.T) {
	if results := checkPrivate(t, &privateStack{plain: true}); check.Passed(results) {
		t.Errorf("%+v", results)
	}
}

func TestRequestThatTheModelSawOtherwiseFails(t *testing.T) {
	for _, seen := range []string{
		`{"method":"POST","path":"/api/inference/v1/echo","query":"a=b"}`,
		`{"method":"POST","path":"/v1/echo","query":""}`,
		`{"method":"GET","path":"/v1/echo","query":"a=b"}`,
		`no JSON`,
	} {
		if verifySeen([]byte(seen), "x-origin-verify", false) == nil {
			t.Errorf("%s passed", seen)
		}
	}
}

func TestThePrivateModelLearnsTheClientOnly(t *testing.T) {
	seen := func(headers, client string) []byte {
		return []byte(`{"method":"POST","path":"/v1/echo","query":"a=b","headers":[` + headers + `],"values":{"x-gatehouse-client":"` + client + `"}}`)
	}
	if err := verifySeen(seen(`"x-gatehouse-client"`, "local"), "x-origin-verify", true); err != nil {
		t.Error(err)
	}
	for name, wrong := range map[string][]byte{
		"the credential": seen(`"x-gatehouse-credential"`, "local"),
		"another client": seen(`"x-gatehouse-client"`, "forged"),
		"no client":      seen("", ""),
	} {
		if verifySeen(wrong, "x-origin-verify", true) == nil {
			t.Errorf("%s: passed", name)
		}
	}
}
