package smoke

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
	"github.com/gatehouse-iac/gatehouse/test/e2e/check"
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
	w.Header().Set(cloudFrontIDHeader, id)
	switch {
	case f.plain && r.URL.Path == "/_gatehouse/cloudfront":
		f.handshakes(w)
		return
	case f.plain && f.flaw != "serves plain HTTP":
		if strings.HasPrefix(r.URL.Path, "/api/") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Location", "https://"+host+r.URL.RequestURI())
		w.WriteHeader(http.StatusMovedPermanently)
		return
	case host == hostedzone.Alias && f.flaw == "no alias", !slices.Contains([]string{"127.0.0.1", "d1.cloudfront.net", hostedzone.Alias}, host) && f.flaw != "any name":
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if f.flaw != "no request id" {
		w.Header().Set(requestIDHeader, id)
	}
	for name, value := range responseHeaders {
		if f.flaw != "no "+name {
			w.Header().Set(name, value)
		}
	}
	if origin := r.Header.Get("Origin"); origin == corsOrigin && f.flaw != "no CORS" || origin != "" && f.flaw == "CORS for all" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "retry-after, x-request-id")
	}
	if status := f.rejects(r); status != 0 {
		f.problem(w, status, id)
		return
	}
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.Header().Set("Access-Control-Allow-Headers", "authorization, content-type")
		if f.flaw != "OpenAI's headers" {
			w.Header().Set("Access-Control-Allow-Headers", strings.Join(openAIHeaders, ", "))
		}
		w.Header().Set("Access-Control-Max-Age", "3600")
		w.WriteHeader(http.StatusNoContent)
		return
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

func (f *imitation) rejects(r *http.Request) int {
	status := 0
	switch {
	case len(r.URL.RequestURI()) > 4096:
		status = http.StatusRequestURITooLong
	case strings.Contains(r.URL.Path, "..") || strings.ContainsAny(r.URL.Path, "\x00%?#"):
		status = http.StatusBadRequest
	case !strings.HasPrefix(r.URL.Path, "/api/"):
		status = http.StatusNotFound
	case r.Method == http.MethodDelete:
		status = http.StatusMethodNotAllowed
	case r.ContentLength > 1<<20:
		status = http.StatusRequestEntityTooLarge
	case r.Method == http.MethodOptions && r.Header.Get("Origin") != corsOrigin && f.flaw != "CORS for all":
		status = http.StatusForbidden
	case r.Method == http.MethodPost && r.Header.Get("Content-Type") != "application/json":
		status = http.StatusUnsupportedMediaType
	}
	if f.flaw == "forwards "+strconv.Itoa(status) {
		return 0
	}
	return status
}

func (f *imitation) problem(w http.ResponseWriter, status int, id string) {
	if f.flaw == "no problems" {
		w.WriteHeader(status)
		return
	}
	if f.flaw == "another instance" {
		id = "another"
	}
	if status == http.StatusMethodNotAllowed && f.flaw != "no Allow" {
		w.Header().Set("Allow", "GET, POST")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	if f.flaw != "caches problems" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": "No.", "instance": id,
	})
}

// model responds as the private model does behind an edge that cleans requests.
func (f *imitation) model(w http.ResponseWriter, r *http.Request, id string) {
	seen := privatemodel.Seen{Method: r.Method, Headers: []string{"authorization"}, Values: map[string]string{
		"x-request-id": id, "x-viewer-country": "US", "x-forwarded-for": "127.0.0.1",
	}}
	switch f.flaw {
	case "a viewer's id":
		seen.Values["x-request-id"] = r.Header.Get(requestIDHeader)
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
	if len(results) != 22 || !check.Passed(results) {
		t.Errorf("%+v", results)
	}
}

func TestEveryFlawOfTheEdgeFails(t *testing.T) {
	flaws := []string{
		"serves plain HTTP", "no alias", "any name", "no request id", "no CORS", "CORS for all", "old TLS", "another certificate", "no TLS",
		"forwards 400", "forwards 404", "OpenAI's headers", "forwards 405", "forwards 413", "forwards 414", "forwards 415",
		"no problems", "another instance", "no Allow", "caches problems",
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

func TestCORSOriginIsTheSandboxes(t *testing.T) {
	config, err := os.ReadFile("../../../Pulumi.local.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(config), "corsOrigins: ["+corsOrigin+"]") {
		t.Errorf("Pulumi.local.yaml has other corsOrigins than %s", corsOrigin)
	}
}
