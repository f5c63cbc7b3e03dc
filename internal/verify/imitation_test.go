package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
	"github.com/gatehouse-iac/gatehouse/internal/secret"
)

const (
	allowedOrigin = "https://app.example.com"
	theKey        = "sk-gth_of_the_checks"
	keyHeader     = "x-origin-verify"
)

// imitation responds as a sound stack does, apart from its flaw. It is the stack's CloudFront,
// its APIs, its table of clients and its control plane.
type imitation struct {
	flaw string // one thing that it does wrong

	list []byte // of revoked certificates

	mu      sync.Mutex
	ids     int
	valid   bool // the client's key
	exists  bool // the client
	logged  []string
	rotated []rotatorapi.Action
}

func (f *imitation) id() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids++
	return fmt.Sprintf("id-%d==", f.ids)
}

// plain serves requests without TLS.
func (f *imitation) plain(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/") && f.flaw != "plain API" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if f.flaw == "no redirect" {
		return
	}
	w.Header().Set("Location", "https://"+r.Host+r.URL.RequestURI())
	w.WriteHeader(http.StatusMovedPermanently)
}

// origin serves requests that bypass CloudFront.
func (f *imitation) origin(w http.ResponseWriter, r *http.Request) {
	private := strings.HasPrefix(r.URL.Path, "/api/inference")
	switch {
	case r.Header.Get(keyHeader) == "", private && r.Header.Get("x-gatehouse-credential") != theKey:
		if f.flaw != "open origin" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	default:
		if f.flaw != "any origin key" {
			w.WriteHeader(http.StatusForbidden)
		}
	}
}

// viewer serves requests to CloudFront.
func (f *imitation) viewer(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // else the connection lingers
	id := f.id()
	w.Header().Set(httpcheck.CloudFrontIDHeader, id)
	if f.flaw != "no request id" {
		w.Header().Set(httpcheck.RequestIDHeader, id)
	}
	f.setHeaders(w, r)
	if status, code := f.rejection(r); status != 0 {
		f.problem(w, status, code, id)
		return
	}
	f.serve(w, r, id)
}

func (f *imitation) setHeaders(w http.ResponseWriter, r *http.Request) {
	for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age=1"} {
		if f.flaw != "no "+name {
			w.Header().Set(name, value)
		}
	}
	if f.flaw == "X-Powered-By" {
		w.Header().Set("X-Powered-By", "me")
	}
	if origin := r.Header.Get("Origin"); origin == allowedOrigin && f.flaw != "no CORS" || origin != "" && f.flaw == "CORS for all" {
		w.Header().Set(allowOrigin, origin)
		w.Header().Set("Access-Control-Expose-Headers", "retry-after, x-request-id")
	}
}

// rejection returns the status and the code of a request that the edge, or the API before it
// calls the model, rejects.
func (f *imitation) rejection(r *http.Request) (status int, code string) {
	status, code = f.ofEdge(r), "edge"
	if status == 0 {
		status, code = f.ofAPI(r)
	}
	if f.flaw == "forwards "+strconv.Itoa(status) || f.flaw == "accepts "+code {
		return 0, ""
	}
	return status, code
}

func (f *imitation) ofEdge(r *http.Request) int {
	switch {
	case len(r.URL.RequestURI()) > 4096:
		return http.StatusRequestURITooLong
	case strings.Contains(r.URL.Path, "..") || strings.ContainsAny(r.URL.Path, "\x00%?#"):
		return http.StatusBadRequest
	case !strings.HasPrefix(r.URL.Path, "/api/"):
		return http.StatusNotFound
	case r.Method == http.MethodDelete:
		return http.StatusMethodNotAllowed
	case r.ContentLength > 1<<20:
		return http.StatusRequestEntityTooLarge
	case r.Method == http.MethodOptions && r.Header.Get("Origin") != allowedOrigin && f.flaw != "CORS for all":
		return http.StatusForbidden
	case r.Method == http.MethodPost && r.Header.Get("Content-Type") != "application/json":
		return http.StatusUnsupportedMediaType
	case strings.Contains(r.URL.RawQuery, "jndi") && f.flaw != "no firewall":
		return http.StatusForbidden
	}
	return 0
}

// ofAPI decides by the length of the body: each of the requests has another.
func (f *imitation) ofAPI(r *http.Request) (int, string) {
	open := r.Method == http.MethodOptions || strings.HasSuffix(r.URL.Path, "z") || strings.HasSuffix(r.URL.Path, ".yaml")
	f.mu.Lock()
	valid := f.valid && r.Header.Get("Authorization") == "Bearer "+theKey
	f.mu.Unlock()
	switch {
	case !open && r.Header.Get("Authorization") == "":
		return http.StatusUnauthorized, "missing_credential"
	case !open && !valid:
		return http.StatusUnauthorized, "invalid_api_key"
	case r.URL.Path == "/api/verify":
		return http.StatusNotFound, "not_found"
	case r.ContentLength == 1:
		return http.StatusBadRequest, "malformed_body"
	case r.ContentLength == 2:
		return http.StatusUnprocessableEntity, "invalid_body"
	case strings.HasSuffix(r.URL.Path, "/completions") && r.ContentLength < 80:
		return http.StatusNotFound, "model_not_found"
	}
	return 0, ""
}

func (f *imitation) problem(w http.ResponseWriter, status int, code, id string) {
	switch f.flaw {
	case "no problems":
		w.WriteHeader(status)
		return
	case "another instance":
		id = "another"
	case "another code":
		code = "other"
	}
	if status == http.StatusMethodNotAllowed && f.flaw != "no Allow" {
		w.Header().Set("Allow", "GET, POST")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	if f.flaw != "caches problems" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": "No.", "instance": id, "code": code,
	})
}

// serve serves a request that nothing rejects.
func (f *imitation) serve(w http.ResponseWriter, r *http.Request, id string) {
	f.mu.Lock()
	f.logged = append(f.logged, id)
	f.mu.Unlock()
	switch {
	case r.Method == http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.Header().Set("Access-Control-Allow-Headers", strings.Join(openAIHeaders, ", "))
		if f.flaw == "OpenAI's headers" {
			w.Header().Set("Access-Control-Allow-Headers", "content-type")
		}
		w.WriteHeader(http.StatusNoContent)
	case f.flaw == "unavailable "+r.URL.Path:
		w.WriteHeader(http.StatusServiceUnavailable)
	case strings.HasSuffix(r.URL.Path, "/completions"):
		f.stream(w)
	case r.URL.Path == "/api/models" && r.Method == http.MethodGet && f.flaw != "no models":
		fmt.Fprint(w, `{"data":[{"id":"other"},{"id":"m"}]}`)
	case f.flaw == "no answer":
		fmt.Fprint(w, `{}`)
	default:
		fmt.Fprint(w, `{"text":"Hi","data":[]}`)
	}
}

func (f *imitation) stream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	pieces := []string{"", "Red", " and blue", ""}
	if f.flaw == "one piece" {
		pieces = []string{"", "Red and blue", ""}
	}
	for i, piece := range pieces {
		finish, role := "null", ""
		if i == 0 {
			role = `"role":"assistant",`
		}
		if i == len(pieces)-1 {
			finish = `"stop"`
			piece = ""
		}
		fmt.Fprintf(w, "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"system_fingerprint\":null,"+
			"\"choices\":[{\"index\":0,\"delta\":{%s\"content\":%q},\"logprobs\":null,\"finish_reason\":%s}]}\n\n", role, piece, finish)
		_ = http.NewResponseController(w).Flush()
	}
	if f.flaw != "cut stream" {
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

// addCertificate adds the outputs about the private side's certificate, with a revocation list at
// this URL.
func (f *imitation) addCertificate(o *Outputs, list string) {
	a := newAuthority()
	leaf := a.intermediate.Server(hosts, listed(list))
	o.CertificateChain, o.CACertificate, o.CertificateNames = leaf.PEM()+a.intermediate.PEM(), a.root.PEM(), hosts
	f.list = a.intermediate.RevocationList(later.Add(time.Hour))
	switch f.flaw {
	case "a certificate of another authority":
		o.CACertificate = newAuthority().root.PEM()
	case "a certificate for other names":
		o.CertificateNames = []string{"model.example.com"}
	case "a revoked certificate":
		f.list = a.intermediate.RevocationList(later.Add(time.Hour), leaf)
	case "an old revocation list":
		f.list = a.intermediate.RevocationList(later)
	}
}

// Name implements [Clients].
func (*imitation) Name() string { return "verify-1" }

// Create implements [Clients].
func (f *imitation) Create(context.Context) (secret.Text, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flaw == "no table" {
		return secret.Text{}, errors.New("no table")
	}
	f.valid, f.exists = true, true
	return secret.New(theKey), nil
}

// Revoke implements [Clients].
func (f *imitation) Revoke(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.valid = f.flaw == "a revoked key"
	return nil
}

// Delete implements [Clients].
func (f *imitation) Delete(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flaw == "a client that stays" {
		return errors.New("AccessDenied")
	}
	f.exists = false
	return nil
}

// Status implements [Rotator].
func (f *imitation) Status(context.Context) (rotatorapi.Status, error) {
	return rotatorapi.Status{
		Keys: []rotatorapi.KeyStatus{{Name: "k1", Age: "1h"}, {Name: "k2", Age: "5m", InUse: f.flaw != "an unknown key"}}, Deployed: true, Header: "something unknown",
	}, nil
}

// Request implements [Rotator]. It takes until some requests have been sent.
func (f *imitation) Request(ctx context.Context, action rotatorapi.Action, _ keyring.Name) error {
	f.mu.Lock()
	f.rotated = append(f.rotated, action)
	if f.flaw == "breaks when rotating" {
		f.flaw = "unavailable /api/healthz"
	}
	f.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(trafficInterval / 2):
	}
	return nil
}

// InAlarm implements [Alarms].
func (f *imitation) InAlarm(_ context.Context, prefix string) ([]string, int, error) {
	switch f.flaw {
	case "an alarm":
		return []string{prefix + "api-errors"}, 2, nil
	case "no alarms":
		return nil, 0, nil
	}
	return nil, 2, nil
}

// Has implements [Logs].
func (f *imitation) Has(ctx context.Context, group, text string, _ time.Time) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flaw == "no log" {
		return false, errors.New("no group " + group)
	}
	return group == "/aws/lambda/gatehouse-test-model" && slices.Contains(f.logged, text), nil
}

// edgeLog implements [AccessLogs]: the log of an imitation's CloudFront.
type edgeLog struct{ *imitation }

// Has implements [AccessLogs].
func (f edgeLog) Has(_ context.Context, id string, _ time.Time) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch f.flaw {
	case "no access to the access logs":
		return false, errors.New("AccessDenied")
	case "no access logs":
		return false, nil
	}
	return slices.Contains(f.logged, id), nil
}
