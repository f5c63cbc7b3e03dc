package privatemodel

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func ask(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler("").ServeHTTP(w, r)
	return w
}

func TestItTellsWhatReachedIt(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/v1/chat?a=b", strings.NewReader("{}"))
	r.Header.Set("X-Origin-Verify", "hush")
	r.Header.Set("X-Request-Id", "one")
	w := ask(t, r)
	var seen Seen
	if err := json.Unmarshal(w.Body.Bytes(), &seen); err != nil {
		t.Fatal(err)
	}
	if seen.Method != "POST" || seen.Path != "/v1/chat" || seen.Query != "a=b" || !slices.Contains(seen.Headers, "x-origin-verify") {
		t.Errorf("%+v", seen)
	}
	if len(seen.Values) != 1 || seen.Values["x-request-id"] != "one" {
		t.Errorf("values %v", seen.Values)
	}
	if strings.Contains(w.Body.String(), "hush") {
		t.Error("a header's value is repeated")
	}
}

func TestItCompletes(t *testing.T) {
	for body, want := range map[string]string{
		`{"model":"echo","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"one two three"}]}`:                "one two three/stop/5+3",
		`{"model":"echo","messages":[{"role":"user","content":"one two three"}],"max_tokens":2}`:                                         "one two/length/3+2",
		`{"model":"echo","messages":[{"role":"user","content":"one two three"}],"stop":["two"],"max_tokens":2}`:                          "one/stop/3+1",
		`{"model":"echo","messages":[{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}]}`:            "one two/stop/2+2",
		`{"model":"echo","messages":[{"role":"user","content":"one"},{"role":"assistant","content":"x"},{"role":"user","content":"y"}]}`: "y/stop/3+1",
	} {
		w := ask(t, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body)))
		var c completion
		if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil || w.Code != http.StatusOK || len(c.Choices) != 1 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		got := fmt.Sprintf("%s/%s/%d+%d", c.Choices[0].Message["content"], c.Choices[0].FinishReason, c.Usage.PromptTokens, c.Usage.CompletionTokens)
		if got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
	for body, status := range map[string]int{
		`{"model":"gpt"}`: http.StatusNotFound, `{"model":"echo","stream":true}`: http.StatusBadRequest, `hello`: http.StatusBadRequest,
	} {
		if w := ask(t, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body))); w.Code != status {
			t.Errorf("%s: %d", body, w.Code)
		}
	}
}

func TestItListsItsModel(t *testing.T) {
	w := ask(t, httptest.NewRequest(http.MethodGet, "/v1/models", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"id":"echo"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestItAsksForItsKey(t *testing.T) {
	for authorization, status := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer right": 200} {
		for _, path := range []string{"GET /v1/models", "POST /v1/chat/completions"} {
			method, target, _ := strings.Cut(path, " ")
			r := httptest.NewRequest(method, target, strings.NewReader(`{"model":"echo"}`))
			r.Header.Set("Authorization", authorization)
			w := httptest.NewRecorder()
			Handler("right").ServeHTTP(w, r)
			if w.Code != status {
				t.Errorf("%s with %q: %d", path, authorization, w.Code)
			}
		}
	}
}

func TestItIsHealthy(t *testing.T) {
	if w := ask(t, httptest.NewRequest(http.MethodGet, HealthPath, nil)); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
