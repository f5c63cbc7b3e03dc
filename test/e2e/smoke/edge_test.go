package smoke

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
)

const (
	apiName = "abcdef1234.execute-api.us-east-1.amazonaws.com"
)

// imitation responds as a distribution with the edge functions does, apart from its flaw.
type imitation struct {
	plain bool   // over plain HTTP, where the controls are too
	flaw  string // one thing that it does wrong
	ids   int
}

func (f *imitation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ":")
	_, _ = io.Copy(io.Discard, r.Body) // else the connection lingers
	f.ids++
	id := fmt.Sprintf("id-%d==", f.ids)
	w.Header().Set(httpcheck.CloudFrontIDHeader, id)
	switch {
	case f.plain && r.URL.Path == "/_gatehouse/cloudfront":
		f.handshakes(w)
		return
	case host == hostedzone.Alias && f.flaw == "no alias", !slices.Contains([]string{"127.0.0.1", "d1.cloudfront.net", hostedzone.Alias}, host) && f.flaw != "any name":
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if f.flaw != "no request id" {
		w.Header().Set(httpcheck.RequestIDHeader, id)
	}
	for name, value := range responseHeaders {
		if f.flaw != "no "+name {
			w.Header().Set(name, value)
		}
	}
	if strings.HasPrefix(r.URL.Path, "/api/inference") {
		f.model(w, r, id)
	}
}

func (f *imitation) handshakes(w http.ResponseWriter) {
	last := handshake{Origin: apiName, TLS: "TLSv1.2", Certificate: []string{"*.execute-api.us-east-1.amazonaws.com"}}
	switch f.flaw {
	case "old TLS":
		last.TLS = "TLSv1"
	case "another certificate":
		last.Certificate = []string{"*.execute-api.eu-west-1.amazonaws.com"}
	case "no TLS":
		last.Origin = "another"
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"origins": []handshake{last}})
}

// model responds as the private model does behind an edge that cleans requests.
func (f *imitation) model(w http.ResponseWriter, r *http.Request, id string) {
	seen := privatemodel.Seen{Method: r.Method, Headers: []string{"authorization"}, Values: map[string]string{
		"x-request-id": id, "x-viewer-country": "US", "x-forwarded-for": "127.0.0.1",
	}}
	switch f.flaw {
	case "a viewer's id":
		seen.Values["x-request-id"] = r.Header.Get(httpcheck.RequestIDHeader)
	case "a viewer's country":
		seen.Values["x-viewer-country"] = r.Header.Get("X-Viewer-Country")
	case "a viewer's address":
		seen.Values["x-forwarded-for"] = r.Header.Get("X-Forwarded-For") + ", 127.0.0.1"
	case "no Authorization":
		seen.Headers = nil
	case "X-Powered-By":
		w.Header().Set("X-Powered-By", "me")
	}
	for name := range r.Header {
		if strings.EqualFold(f.flaw, "passes "+name) {
			seen.Headers = append(seen.Headers, strings.ToLower(name))
		}
	}
	_ = json.NewEncoder(w).Encode(seen)
}

// port returns the port of a test server, which listens where the sandbox's servers do.
func port(t *testing.T, s *httptest.Server) int {
	t.Helper()
	_, number, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	p, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func checkEdge(t *testing.T, flaw string) []check.Result {
	t.Helper()
	secure, plain := httptest.NewServer(&imitation{flaw: flaw}), httptest.NewServer(&imitation{plain: true, flaw: flaw})
	defer secure.Close()
	defer plain.Close()
	e := &env.Environment{Outputs: map[string]string{
		"originHeaderName": "x-origin-verify", "distributionDomainName": "d1.cloudfront.net", "apiUrl": "https://" + apiName,
		"apiPrefix": "/api", "inferencePrefix": "/api/inference",
	}}
	e.Servers.Cloud.Ports = awsserver.Ports{AWS: port(t, plain), Distribution: port(t, secure)}
	return check.Run(t.Context(), edge(e), func(string) {})
}

func TestSoundEdgePasses(t *testing.T) {
	results := checkEdge(t, "")
	if len(results) != 6 || !check.Passed(results) {
		t.Errorf("%+v", results)
	}
}

func TestEveryFlawOfTheEdgeFails(t *testing.T) {
	flaws := []string{
		"no alias", "any name", "no request id", "old TLS", "another certificate", "no TLS",
		"a viewer's id", "a viewer's country", "a viewer's address", "no Authorization", "X-Powered-By", "passes X-Origin-Verify", "passes Cookie",
	}
	for name := range responseHeaders {
		flaws = append(flaws, "no "+name)
	}
	for _, name := range spoofed {
		flaws = append(flaws, "passes "+name)
	}
	for _, flaw := range flaws {
		if check.Passed(checkEdge(t, flaw)) {
			t.Errorf("%q passed", flaw)
		}
	}
}
