// Package privatemodel is the model in the private network of the local stack: a
// small server that stands where a real one would, speaks OpenAI's chat completions,
// and tells what else reached it.
package privatemodel

import (
	"context"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// HealthPath is answered with 200 while the server runs.
const HealthPath = "/healthz"

// Seen is its answer to any other request: what it saw of it. Of headers it tells
// the names only, since one of them must never reach it, and the values of those in
// which the front door speaks for itself.
type Seen struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Query   string            `json:"query"`
	Headers []string          `json:"headers"` // in lower case
	Values  map[string]string `json:"values"`  // by names in lower case
}

// told are the headers whose values it tells.
var told = []string{"x-forwarded-for", "x-request-id", "x-viewer-country"}

// Serve answers requests at address until ctx ends.
func Serve(ctx context.Context, address string) error {
	server := &http.Server{Addr: address, Handler: Handler(""), ReadHeaderTimeout: 5 * time.Second}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// Handler is the model. It asks for a key, unless that is empty, of whom wants a
// completion.
func Handler(key string) http.Handler {
	guarded := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if key != "" && r.Header.Get("Authorization") != "Bearer "+key {
				refuse(w, http.StatusUnauthorized, "this is not the key")
				return
			}
			next(w, r)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc(HealthPath, func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /v1/models", guarded(listModels))
	mux.HandleFunc("POST /v1/chat/completions", guarded(complete))
	mux.HandleFunc("/", tell)
	return mux
}

// tell answers with what it sees of a request.
func tell(w http.ResponseWriter, r *http.Request) {
	seen := Seen{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Values: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		seen.Headers = append(seen.Headers, strings.ToLower(name))
	}
	for _, name := range told {
		if values := r.Header.Values(name); len(values) > 0 {
			seen.Values[name] = strings.Join(values, ", ")
		}
	}
	// What a server of models says of itself, and viewers are not to know.
	w.Header().Set("X-Powered-By", "a private model")
	writeJSON(w, http.StatusOK, seen)
}
