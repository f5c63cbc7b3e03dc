// Package privatemodel serves the model in the private network of the sandbox: the
// scripted model in place of a real one, and what the server got of any other request. The
// sandbox's Bedrock has its conversations completed by it too.
package privatemodel

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
)

// HealthPath returns 200 while the server runs.
const HealthPath = "/healthz"

// Seen is the response to any other request: what the server got of it. Of headers it
// has the names, since one of them must never reach the server, and the values of those
// that CloudFront and API Gateway set.
type Seen struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Query   string            `json:"query"`
	Headers []string          `json:"headers"` // in lower case
	Values  map[string]string `json:"values"`  // by names in lower case
}

// returned lists the headers whose values the response has.
var returned = []string{"x-forwarded-for", "x-gatehouse-client", "x-request-id", "x-viewer-country"}

// Serve serves at address until ctx ends.
func Serve(ctx context.Context, address string) error {
	server := &http.Server{Addr: address, Handler: Handler(scriptedmodel.Options{}), ReadHeaderTimeout: 5 * time.Second}
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

// Handler returns the server's handler, with the scripted model of these options.
func Handler(o scriptedmodel.Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(HealthPath, func(http.ResponseWriter, *http.Request) {})
	scriptedmodel.Register(mux, o)
	mux.HandleFunc("/", echo)
	return mux
}

// echo returns what it got of a request.
func echo(w http.ResponseWriter, r *http.Request) {
	seen := Seen{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Values: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		seen.Headers = append(seen.Headers, strings.ToLower(name))
	}
	for _, name := range returned {
		if values := r.Header.Values(name); len(values) > 0 {
			seen.Values[name] = strings.Join(values, ", ")
		}
	}
	// Model servers send such a header, and viewers must not get it.
	w.Header().Set("X-Powered-By", "a private model")
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(seen)
}
