package rotation

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOnlyTheModelsAnswerIsRight(t *testing.T) {
	for name, one := range map[string]struct {
		status int
		body   string
		want   string // in the error; "" for none
	}{
		"an answer":              {200, `{"text": "Hello"}`, ""},
		"another answer":         {200, `{"message": "x"}`, "not the model's answer"},
		"no JSON":                {200, `<html>`, "not the model's answer"},
		"a refusal":              {403, `{"message":"Forbidden"}`, "Forbidden"},
		"an error of CloudFront": {503, ``, ""},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Host != "front.example" || r.Header.Get("x-key") != "v" {
				t.Errorf("host %q, header %q", r.Host, r.Header.Get("x-key"))
			}
			w.Header().Set("X-Amz-Cf-Pop", "LOC1-P1")
			w.WriteHeader(one.status)
			_, _ = io.WriteString(w, one.body)
		}))
		s := door{server.URL, "front.example", "x-key", "v"}.send(t.Context(), server.Client())
		server.Close()
		if s.status != one.status || s.edge != "LOC1-P1" || (s.err == nil) != (one.status == 200 && one.want == "") {
			t.Errorf("%s: got %+v", name, s)
		}
		if one.want != "" && !strings.Contains(fmt.Sprint(s.err), one.want) {
			t.Errorf("%s: got %v", name, s.err)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	d := door{url: server.URL}
	if s := d.send(t.Context(), http.DefaultClient); s.err == nil || s.status != 0 {
		t.Errorf("got %+v", s)
	}
	if d.answers(t.Context()) == nil {
		t.Error("a door that nobody answers at is said to answer")
	}
}
