// Package scriptedmodel serves OpenAI's API with a test double of a language model: it
// replies to requests by rules, without a network of weights. It calls the
// tools that a text is about, fills JSON schemas, describes images and files, thinks before
// it replies, and counts tokens. The same request gets the same text and calls every time.
//
// Directives in the last message of the user change how it replies. They are no part of the
// text:
//
//	[[tokens 300]]       replies with a text of 300 tokens: 1 2 3 …
//	[[silence 50s]]      waits before the first token; a stream's head is sent at once
//	[[at 1796061619123]] waits until that time before the first token, in milliseconds since 1970
//	[[pace 100ms]]       waits between two tokens
//	[[fail after 5]]     fails after 5 tokens: an error within the stream, whose code is
//	                     server_error or, for [[fail after 5 with rate_limit_exceeded]], that one
//	[[cut after 5]]      cuts the connection after 5 tokens
//	[[hang after 5]]     sends nothing more after 5 tokens
//	[[status 429]]       responds with an error of that status
//
// A reply that isn't streamed waits as long in all before it is sent; fail is a 500 then.
// The sandbox's Bedrock passes all of them on: an error within a stream is an exception of
// ConverseStream's, by its code (rate_limit_exceeded, service_unavailable, internal_error,
// invalid_request_error; any other is a modelStreamErrorException).
package scriptedmodel

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The models of the server. The first of them is the plain one.
const (
	Model      = "echo"        // repeats the last message where it knows nothing better
	NewerNames = "newer-names" // takes max_completion_tokens and rejects max_tokens
	Thinker    = "thinker"     // always thinks, and returns its reasoning in the member "reasoning"
	Embedder   = "embedder"    // embeds texts, and nothing else
)

// Models has the names of the models, in the order of the list that the server returns.
var Models = []string{Model, NewerNames, Thinker, Embedder}

// Options configure a server.
type Options struct {
	Key          string        // that requests must have; empty for none
	Strict       bool          // whether members that OpenAI's API doesn't have are rejected
	Accepted     []string      // members that are not rejected for that
	Pace         time.Duration // between two pieces of a stream
	CacheMinimum int           // tokens from which on the beginning of a prompt is cached; 1024 if 0, as OpenAI's
}

// maxBody limits the size of a request's body, in bytes. A few images fit into it.
const maxBody = 64 << 20

// server has the state of a server: its options, and which prompts it has seen.
type server struct {
	Options
	cache *cache
}

// Handler returns the server's handler, with the paths of [Register].
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	Register(mux, o)
	return mux
}

// Register adds the server's paths, which begin with /v1/, to a mux.
func Register(mux *http.ServeMux, o Options) {
	if o.CacheMinimum == 0 {
		o.CacheMinimum = 1024
	}
	s := &server{Options: o, cache: newCache()}
	mux.HandleFunc("GET /v1/models", s.guarded(listModels))
	mux.HandleFunc("GET /v1/models/{id...}", s.guarded(getModel))
	mux.HandleFunc("POST /v1/chat/completions", s.guarded(s.complete))
	mux.HandleFunc("POST /v1/embeddings", s.guarded(s.embed))
}

// guarded returns a handler that requires the server's key.
func (s *server) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.Key != "" && r.Header.Get("Authorization") != "Bearer "+s.Key {
			(&refusal{http.StatusUnauthorized, "Incorrect API key provided.", "", "invalid_api_key"}).write(w)
			return
		}
		next(w, r)
	}
}

func listModels(w http.ResponseWriter, _ *http.Request) {
	list := make([]any, 0, len(Models))
	for _, name := range Models {
		list = append(list, describe(name))
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": list})
}

func getModel(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("id")
	if !slices.Contains(Models, name) {
		noModel(name).write(w)
		return
	}
	writeJSON(w, http.StatusOK, describe(name))
}

func describe(name string) map[string]any {
	return map[string]any{"id": name, "object": "model", "created": 0, "owned_by": "gatehouse"}
}

func (s *server) complete(w http.ResponseWriter, r *http.Request) {
	q, err := s.read(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeError(w, err)
		return
	}
	done, err := q.answer(s.cache, s.CacheMinimum)
	switch {
	case err != nil:
		writeError(w, err)
	case q.directives.status != 0:
		q.directives.refusal().write(w)
	case q.Stream:
		s.stream(w, r, q, done)
	default:
		s.whole(w, r, q, done)
	}
}

// whole sends the reply in one piece, after the time that its tokens take.
func (s *server) whole(w http.ResponseWriter, r *http.Request, q *request, a *answer) {
	d, count := &q.directives, a.completionTokens()
	fail := func() { writeJSON(w, http.StatusInternalServerError, d.failed()) }
	if !wait(r.Context(), d.untilFirst()) {
		return
	}
	for i := range count + 1 {
		if d.pace != nil && !wait(r.Context(), *d.pace) || !d.before(r.Context(), i, fail) {
			return
		}
	}
	writeJSON(w, http.StatusOK, a.response(q))
}

// refusal is an error in OpenAI's form.
type refusal struct {
	status  int
	message string
	param   string // member of the request that is wrong; empty if there is none
	code    string // empty if there is none
}

func (e *refusal) Error() string { return e.message }

func refuse(param, code, format string, args ...any) error {
	return &refusal{http.StatusBadRequest, fmt.Sprintf(format, args...), param, code}
}

func noModel(name string) *refusal {
	return &refusal{http.StatusNotFound, fmt.Sprintf("The model '%s' does not exist or you do not have access to it.", name), "model", "model_not_found"}
}

func (e *refusal) write(w http.ResponseWriter) {
	kind := "invalid_request_error"
	if e.status == http.StatusUnauthorized {
		kind = "authentication_error"
	}
	writeJSON(w, e.status, map[string]any{"error": map[string]any{
		"message": e.message, "type": kind, "param": orNull(e.param), "code": orNull(e.code),
	}})
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func writeError(w http.ResponseWriter, err error) {
	var refused *refusal
	if !errors.As(err, &refused) {
		refused = &refusal{http.StatusBadRequest, "We could not parse the JSON body of your request: " + strings.TrimPrefix(err.Error(), "json: "), "", ""}
	}
	refused.write(w)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
}
