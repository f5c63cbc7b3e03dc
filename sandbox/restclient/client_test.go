package restclient

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestDo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/echo":
			w.Header().Set("Got", r.Header.Get("Content-Type"))
			_, _ = w.Write(body)
		case "/who":
			_, _ = io.WriteString(w, `"`+r.Header.Get("Who")+`"`)
		default:
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "no way")
		}
	}))
	defer server.Close()
	c := Client{Base: server.URL, Header: http.Header{}}

	var back struct{ A int }
	if err := c.Do(t.Context(), http.MethodPost, "/echo", map[string]int{"A": 3}, &back); err != nil || back.A != 3 {
		t.Errorf("got %v, %v", back, err)
	}
	var raw []byte
	if err := c.Do(t.Context(), http.MethodPost, "/echo", []byte("a: 1"), &raw); err != nil || string(raw) != "a: 1" {
		t.Errorf("got %q, %v", raw, err)
	}
	var who string
	named := c.With("Who", "me")
	if err := named.Do(t.Context(), http.MethodGet, "/who", nil, &who); err != nil || who != "me" {
		t.Errorf("got %q, %v", who, err)
	}
	if err := c.Do(t.Context(), http.MethodGet, "/who", nil, &who); err != nil || who != "" {
		t.Errorf("a header spread to another client: %q, %v", who, err)
	}
	err := c.Do(t.Context(), http.MethodGet, "/no", nil, nil)
	if Status(err) != http.StatusForbidden || err.Error() != "403 no way" {
		t.Errorf("got %v", err)
	}
	c.Problem = func(body []byte) string { return "because: " + string(body) }
	if err := c.Do(t.Context(), http.MethodGet, "/no", nil, nil); err.Error() != "403 because: no way" {
		t.Errorf("got %v", err)
	}
	if Status(nil) != http.StatusOK || Status(errors.New("unreachable")) != 0 {
		t.Error("wrong status of what is no refusal")
	}
}
