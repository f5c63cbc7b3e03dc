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

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// imitation answers as the API and the local cloud's controls do, but for what a test
// changes.
type imitation struct {
	change func(status *int, header http.Header, problem map[string]any)
	faults []awsclient.Fault
	asked  []awsclient.Fault // those that were in force once
}

func (s *imitation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/_gatehouse/faults" {
		s.faults = nil
		_ = json.NewDecoder(r.Body).Decode(&s.faults)
		s.asked = append(s.asked, s.faults...)
		return
	}
	header := w.Header()
	header.Set("X-Request-Id", "0f1e2d3c")
	for _, q := range questions() {
		if r.URL.Path != q.path || r.Method != q.method || q.code == "" || (q.bedrock != nil) != (len(s.faults) > 0) ||
			q.bedrock != nil && q.bedrock.Code != s.faults[0].Code {
			continue
		}
		problem := map[string]any{
			"type": "about:blank", "title": "t", "status": q.status, "detail": "d", "instance": "0f1e2d3c", "code": q.code,
			"error": map[string]any{"message": "m", "type": "t", "code": q.code},
		}
		header.Set("Content-Type", "application/problem+json")
		header.Set("Allow", "GET")
		header.Set("Retry-After", "5")
		status := q.status
		s.change(&status, header, problem)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(problem)
		return
	}
	fmt.Fprint(w, `{"object":"list"} {"status":"ok"}`)
}

// ask asks the question of that name of a stack.
func (s *imitation) ask(t *testing.T, name string) smoke.Row {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	for _, q := range questions() {
		if q.name == name {
			return q.ask(t.Context(), API{
				URL: server.URL, DirectURL: server.URL, Cloud: server.URL, Role: "model", KeyHeader: "x-door",
				Key: func(context.Context) (string, error) { return "sesame", nil },
			})
		}
	}
	t.Fatalf("there is no question %q", name)
	return smoke.Row{}
}

func unchanged(*int, http.Header, map[string]any) {}

func TestProblemsAsTheyHaveToBe(t *testing.T) {
	for _, name := range []string{"nothing at the path", "another method", "Bedrock throttles", "Bedrock takes too long"} {
		s := &imitation{change: unchanged}
		if row := s.ask(t, name); !row.OK {
			t.Errorf("%s: %+v", name, row)
		}
		if len(s.faults) > 0 {
			t.Errorf("%s: its faults stay", name)
		}
	}
}

func TestAnswersAsTheyHaveToBe(t *testing.T) {
	s := &imitation{change: unchanged}
	if row := s.ask(t, "the models"); !row.OK {
		t.Errorf("%+v", row)
	}
	if row := s.ask(t, "readiness"); row.OK {
		t.Errorf("an answer without what it has to say passed: %+v", row)
	}
}

func TestProblemsThatLackSomething(t *testing.T) {
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
		if row := (&imitation{change: change}).ask(t, "Bedrock throttles"); row.OK {
			t.Errorf("a wrong %s was not seen", title)
		}
	}
	withoutAllow := &imitation{change: func(_ *int, header http.Header, _ map[string]any) { header.Del("Allow") }}
	if row := withoutAllow.ask(t, "another method"); row.OK {
		t.Error("405 without Allow passed")
	}
}

func TestFaultsHitTheFunctionOnly(t *testing.T) {
	s := &imitation{change: unchanged}
	s.ask(t, "Bedrock fails")
	want := awsclient.Fault{Service: "bedrock-runtime", Principal: "model", Mode: "error-before", Times: 10, Status: 500, Code: "InternalServerException"}
	if len(s.asked) != 1 || s.asked[0] != want {
		t.Errorf("%+v", s.asked)
	}
}

func TestEveryCodeOfTheDescriptionIsProvoked(t *testing.T) {
	text, err := os.ReadFile("../../../lambda/model/internal/api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	provoked := map[string]bool{
		"unauthenticated": true, // by a route without the authorizer, which there is none
		"forbidden":       true, // by a preflight, which is among what is asked of the edge
		"length_required": true, // by HTTP/1.0 and the like, which functions are tested with
	}
	for _, q := range questions() {
		provoked[q.code] = true
	}
	_, codes, _ := strings.Cut(string(text), "\n    Code:\n")
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

func TestOpenAIsClientJudges(t *testing.T) {
	const good = `{"name": "models.list()", "expected": "the model", "got": "the model m", "ok": true, "ms": 7}`
	for script, want := range map[string]string{
		"echo '" + good + "'": ".",
		"echo '" + strings.Replace(good, "true", "false", 1) + "'": "x",
		"echo '" + good + "'; exit 1":                              ".x",
		"exit 0":                                                   "x",
		"echo $1":                                                  "x",
	} {
		got := ""
		for _, row := range openAIClient(t.Context(), client(t, script)) {
			if row.OK {
				got += "."
			} else {
				got += "x"
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", script, got, want)
		}
	}
}
