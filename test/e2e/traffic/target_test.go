package traffic

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSend(t *testing.T) {
	for name, one := range map[string]struct {
		status int
		body   string
		want   string // in the error; "" for none
		chat   bool
	}{
		"a response":             {200, `{"text": "Hello"}`, "", false},
		"another body":           {200, `{"message": "x"}`, "not the model's response", false},
		"no JSON":                {200, `<html>`, "not the model's response", false},
		"a rejection":            {403, `{"message":"Forbidden"}`, "Forbidden", false},
		"an error of CloudFront": {503, ``, "", false},
		"a chat completion":      {200, `{"object":"chat.completion","choices":[{"message":{"content":"Hello"}}]}`, "", true},
		"an empty one":           {200, `{"object":"chat.completion","choices":[{"message":{"content":""}}]}`, "not the model's response", true},
		"not one":                {200, `{"text": "Hello"}`, "not the model's response", true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Host != "front.example" || r.Header.Get("x-key") != "v" {
				t.Errorf("host %q, header %q", r.Host, r.Header.Get("x-key"))
			}
			if body, err := io.ReadAll(r.Body); err != nil || !json.Valid(body) || strings.Contains(string(body), "model\"") != one.chat {
				t.Errorf("body %q, %v", body, err)
			}
			w.Header().Set("X-Amz-Cf-Pop", "LOC1-P1")
			w.WriteHeader(one.status)
			_, _ = io.WriteString(w, one.body)
		}))
		s := Target{URL: server.URL, Host: "front.example", HeaderName: "x-key", HeaderValue: "v", Chat: one.chat}.Send(t.Context(), server.Client())
		server.Close()
		if s.Status != one.status || s.Edge != "LOC1-P1" || (s.Err == nil) != (one.status == 200 && one.want == "") {
			t.Errorf("%s: got %+v", name, s)
		}
		if one.want != "" && !strings.Contains(fmt.Sprint(s.Err), one.want) {
			t.Errorf("%s: got %v", name, s.Err)
		}
	}
}

func TestNoResponse(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	to := Target{URL: server.URL}
	if s := to.Send(t.Context(), http.DefaultClient); s.Err == nil || s.Status != 0 {
		t.Errorf("got %+v", s)
	}
	if to.Check(t.Context()) == nil {
		t.Error("no error without a server")
	}
}
