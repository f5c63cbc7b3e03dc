package smoke

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
)

// tokens is a stream of two tokens.
var tokens = func() string {
	var all strings.Builder
	for _, choice := range []string{
		`"delta":{"role":"assistant","content":""},"finish_reason":null`, `"delta":{"content":"Hi"},"finish_reason":null`,
		`"delta":{"content":"."},"finish_reason":null`, `"delta":{},"finish_reason":"stop"`,
	} {
		all.WriteString(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,` + choice + "}]}\n\n")
	}
	return all.String() + "data: [DONE]\n\n"
}()

// imitateStreams is a stack whose distribution adds the key and whose REST API checks it.
func imitateStreams(t *testing.T, key, answer string) *env.Environment {
	t.Helper()
	direct := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/live/api/chat/completions" || !strings.HasPrefix(r.Host, "abcdef1234."):
			w.WriteHeader(http.StatusTeapot)
		case r.Header.Get("x-key") == "":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Header.Get("x-key") != key:
			w.WriteHeader(http.StatusForbidden)
		default:
			answerStream(w, answer)
		}
	}))
	t.Cleanup(direct.Close)
	viewer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answerStream(w, answer) }))
	t.Cleanup(viewer.Close)
	e := originKeyStack("x-key", port(t, viewer), port(t, direct))
	e.Outputs[env.StreamOutput] = "https://abcdef1234.execute-api.us-east-1.amazonaws.com/live"
	return e
}

func answerStream(w http.ResponseWriter, answer string) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	_, _ = w.Write([]byte(answer))
	w.(http.Flusher).Flush()
}

func TestStreams(t *testing.T) {
	results := func(e *env.Environment, key string) []check.Result {
		return check.Run(t.Context(), streams(e, key), func(string) {})
	}
	good := imitateStreams(t, secret, tokens)
	if all := results(good, secret); !check.Passed(all) || !strings.Contains(all[0].Got, "Hi.") {
		t.Errorf("a sound stack failed: %+v", all)
	}
	ports := good.Servers.Cloud.Ports
	open := originKeyStack("x-key", ports.Distribution, ports.Distribution)
	open.Outputs = good.Outputs
	for name, test := range map[string]struct {
		stack *env.Environment
		key   string
		want  string // one letter for each check
	}{
		"the API is open":         {open, secret, "..xx."},
		"the keyring has another": {good, "another-key-of-that-length", "....x"},
		"one piece":               {imitateStreams(t, secret, strings.Replace(tokens, `"Hi"`, `""`, 1)), secret, "xx..x"},
		"the stream is cut":       {imitateStreams(t, secret, strings.TrimSuffix(tokens, "data: [DONE]\n\n")), secret, "xx..x"},
	} {
		if got := outcome(results(test.stack, test.key)); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	if without := streams(originKeyStack("x-key", 1, 1), secret); len(without) > 0 {
		t.Errorf("a stack without streaming has %d checks", len(without))
	}
}
