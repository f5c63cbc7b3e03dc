package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// imitation responds as the API and the controls of the sandbox's AWS do, apart from what
// a test changes.
type imitation struct {
	change func(status *int, header http.Header, problem map[string]any)
	faults []awsclient.Fault
	were   []awsclient.Fault // those that were in force once
}

func (s *imitation) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if q.URL.Path == "/_gatehouse/faults" {
		s.faults = nil
		_ = json.NewDecoder(q.Body).Decode(&s.faults)
		s.were = append(s.were, s.faults...)
		return
	}
	header := w.Header()
	header.Set("X-Request-Id", "0f1e2d3c")
	for _, r := range requests() {
		if q.URL.Path != r.path || q.Method != r.method || r.code == "" || (r.bedrock != nil) != (len(s.faults) > 0) ||
			r.bedrock != nil && r.bedrock.Code != s.faults[0].Code {
			continue
		}
		problem := map[string]any{
			"type": "about:blank", "title": "t", "status": r.status, "detail": "d", "instance": "0f1e2d3c", "code": r.code,
			"error": map[string]any{"message": "m", "type": "t", "code": r.code},
		}
		header.Set("Content-Type", "application/problem+json")
		header.Set("Allow", "GET")
		header.Set("Retry-After", "5")
		status := r.status
		s.change(&status, header, problem)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(problem)
		return
	}
	fmt.Fprint(w, `{"object":"list"} {"status":"ok"}`)
}

// check runs the check of that name.
func (s *imitation) check(t *testing.T, name string) check.Result {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	for _, r := range requests() {
		if r.name == name {
			return r.check(API{
				URL: server.URL, DirectURL: server.URL, Cloud: server.URL, Role: "model", KeyHeader: "x-origin-verify",
				Key: func(context.Context) (string, error) { return "0123456789abcdef", nil },
			}).Do(t.Context())
		}
	}
	t.Fatalf("there is no request %q", name)
	return check.Result{}
}

func unchanged(*int, http.Header, map[string]any) {}

func TestSoundProblemsPass(t *testing.T) {
	for _, name := range []string{"nothing at the path", "another method", "Bedrock throttles", "Bedrock takes too long"} {
		s := &imitation{change: unchanged}
		if result := s.check(t, name); result.Err != nil {
			t.Errorf("%s: %+v", name, result)
		}
		if len(s.faults) > 0 {
			t.Errorf("%s: its faults are still in force", name)
		}
	}
}

func TestSuccesses(t *testing.T) {
	s := &imitation{change: unchanged}
	if result := s.check(t, "the models"); result.Err != nil {
		t.Errorf("%+v", result)
	}
	if result := s.check(t, "readiness"); result.Err == nil {
		t.Errorf("a success with another body passed: %+v", result)
	}
}

func TestProblemsWithoutAMemberFail(t *testing.T) {
	for title, change := range map[string]func(status *int, header http.Header, problem map[string]any){
		"status":        func(status *int, _ http.Header, _ map[string]any) { *status = 500 },
		"media type":    func(_ *int, header http.Header, _ map[string]any) { header.Set("Content-Type", "application/json") },
		"retry-after":   func(_ *int, header http.Header, _ map[string]any) { header.Del("Retry-After") },
		"request id":    func(_ *int, header http.Header, _ map[string]any) { header.Del("X-Request-Id") },
		"instance":      func(_ *int, _ http.Header, p map[string]any) { p["instance"] = "other" },
		"code":          func(_ *int, _ http.Header, p map[string]any) { p["code"] = "other" },
		"detail":        func(_ *int, _ http.Header, p map[string]any) { delete(p, "detail") },
		"OpenAI's code": func(_ *int, _ http.Header, p map[string]any) { delete(p, "error") },
		"status inside": func(_ *int, _ http.Header, p map[string]any) { p["status"] = 400 },
	} {
		if result := (&imitation{change: change}).check(t, "Bedrock throttles"); result.Err == nil {
			t.Errorf("a wrong %s passed", title)
		}
	}
	withoutAllow := &imitation{change: func(_ *int, header http.Header, _ map[string]any) { header.Del("Allow") }}
	if result := withoutAllow.check(t, "another method"); result.Err == nil {
		t.Error("405 without Allow passed")
	}
}

func TestFaultsHitTheFunctionOnly(t *testing.T) {
	s := &imitation{change: unchanged}
	s.check(t, "Bedrock fails")
	want := awsclient.Fault{Service: "bedrock-runtime", Principal: "model", Mode: "error-before", Times: 10, Status: 500, Code: "InternalServerException"}
	if len(s.were) != 1 || s.were[0] != want {
		t.Errorf("%+v", s.were)
	}
}

func TestEveryCodeOfTheDescriptionIsProvoked(t *testing.T) {
	description, err := os.ReadFile("../../../lambda/model/internal/api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	provoked := map[string]bool{
		"unauthenticated": true, // by a route without the authorizer, which does not exist
		"forbidden":       true, // by a preflight, which is a check of the edge
		"length_required": true, // by HTTP/1.0 and the like, which the functions' own tests send

		// By a model whose context is full, or whose answer is wrong or too large, which the handler's own tests have.
		"context_length_exceeded": true,
		"malformed_answer":        true,
		"schema_mismatch":         true,
		"answer_too_large":        true,

		// By clients with other limits, which the tests of clients have.
		"missing_credential": true, "several_credentials": true, "invalid_api_key": true, "client_suspended": true,
		"client_rate_exceeded": true, "too_many_at_once": true, "budget_in_use": true, "insufficient_quota": true,
		"clients_unavailable": true, "invalid_query": true,

		"invalid_token": true, // by a token of an issuer, which the tests of tokens send
	}
	for _, r := range requests() {
		provoked[r.code] = true
	}
	_, codes, _ := strings.Cut(string(description), "\n    Code:\n")
	codes, _, _ = strings.Cut(codes, "\n    Message:\n")
	seen := 0
	for line := range strings.Lines(codes) {
		if code, found := strings.CutPrefix(strings.TrimSpace(line), "- "); found {
			seen++
			if !provoked[code] {
				t.Errorf("%s is not provoked", code)
			}
		}
	}
	if seen < 10 {
		t.Errorf("found %d codes", seen)
	}
}

// client is a program that prints lines and ends with a status.
func client(t *testing.T, script string) API {
	t.Helper()
	path := filepath.Join(t.TempDir(), "client")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return API{URL: "http://127.0.0.1:1/api", Client: []string{path}}
}

func TestOpenAIClient(t *testing.T) {
	var lines []string
	for _, call := range clientCalls {
		lines = append(lines, fmt.Sprintf(`echo '{"name": %q, "got": %q}'`, call.name, call.want+": x"))
	}
	good := strings.Join(lines, "\n")
	for name, test := range map[string]struct{ script, want string }{
		"sound":             {good, "......."},
		"another outcome":   {strings.Replace(good, "the model: x", "[]", 1), "x......"},
		"stops":             {lines[0] + "\nexit 1", ".xxxxxx"},
		"prints nothing":    {"exit 0", "xxxxxxx"},
		"prints no JSON":    {"echo $1", "xxxxxxx"},
		"makes more calls":  {good + "\n" + strings.Replace(lines[0], "list", "get", 1), "xxxxxxx"},
		"makes fewer calls": {strings.Join(lines[:6], "\n"), "......x"},
	} {
		got := ""
		for _, c := range client(t, test.script).clientChecks() {
			if c.Do(t.Context()).Err == nil {
				got += "."
			} else {
				got += "x"
			}
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}
