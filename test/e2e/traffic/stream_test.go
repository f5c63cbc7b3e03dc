package traffic

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
)

func TestReadStream(t *testing.T) {
	chunk := func(choice string) string {
		return `data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[` + choice + "]}\n\n"
	}
	first := chunk(`{"index":0,"delta":{"role":"assistant","content":"1 2"}}`)
	last := chunk(`{"index":0,"delta":{},"finish_reason":"stop"}`)
	for name, one := range map[string]struct {
		status int
		body   string
		want   string // in the error; "" for none
	}{
		"whole":           {200, first + last + "data: [DONE]\n\n", ""},
		"without its end": {200, first + last, "[DONE]"},
		"too short":       {200, strings.Replace(first, "1 2", "1", 1) + last + "data: [DONE]\n\n", "1 of 2 tokens"},
		"an error in it":  {200, first + `data: {"error":{"message":"m","type":"server_error","code":"model_error"}}` + "\n\n", "model_error"},
		"a rejection":     {403, `{"message":"Forbidden"}`, "403"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || !strings.Contains(string(body), "[[tokens 2]]") || !strings.Contains(string(body), `"stream":true`) {
				t.Errorf("%s: %q, %v", name, body, err)
			}
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			w.Header().Set("X-Amz-Cf-Pop", "LOC1-P1")
			w.WriteHeader(one.status)
			_, _ = io.WriteString(w, one.body)
			_ = http.NewResponseController(w).Flush()
		}))
		status, edge, err := readStream(t.Context(), chatstream.Target{URL: server.URL}, time.Millisecond, 2)
		server.Close()
		if status != one.status || edge != "LOC1-P1" || (err == nil) != (one.want == "") {
			t.Errorf("%s: %d, %q, %v", name, status, edge, err)
		}
		if one.want != "" && !strings.Contains(fmt.Sprint(err), one.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
