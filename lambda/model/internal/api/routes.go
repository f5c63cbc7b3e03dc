package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// serve responds to a request.
type serve func(ctx context.Context, e *exchange) (*result, *problem)

// endpoint serves the requests of one path and method.
type endpoint struct {
	serve
	access access
}

// access says who may use an endpoint, unless client access is open.
type access int

const (
	clientAccess access = iota // clients that are neither suspended nor expired
	ownerAccess                // the owner of any key that the table knows
	openAccess                 // anyone
)

func ofClients(s serve) endpoint { return endpoint{s, clientAccess} }

func openToAll(s serve) endpoint { return endpoint{s, openAccess} }

// methods are the endpoints of one path.
type methods map[string]endpoint

func (h *Handler) routes() map[string]methods {
	all := map[string]methods{
		"/models/{model}":   {http.MethodGet: ofClients(h.retrieveModel)},
		"/models":           {http.MethodGet: ofClients(h.listModels), http.MethodPost: ofClients(h.complete(ownShape{}))},
		"/chat/completions": {http.MethodPost: ofClients(h.complete(openAIShape{}))},
		"/embeddings":       {http.MethodPost: ofClients(h.embed)},
		"/chat/healthz":     {http.MethodGet: openToAll(h.isAlive)}, // where responses are streamed, all paths are below /chat
		"/healthz":          {http.MethodGet: openToAll(h.isAlive)},
		"/readyz":           {http.MethodGet: openToAll(h.isReady)},
		"/openapi.yaml":     {http.MethodGet: openToAll(h.describeAPI)},
	}
	if h.Playground {
		all["/playground"] = methods{http.MethodGet: openToAll(h.showPlayground)}
	}
	if h.Admission != nil {
		all["/usage"] = methods{http.MethodGet: ofClients(h.reportUsage)}
		all["/key/revoke"] = methods{http.MethodPost: {h.revokeKey, ownerAccess}}
	}
	return all
}

// serve calls the endpoint for a request. It rejects requests that the authorizer did
// not accept: a route without the authorizer would be a mistake, and must not let
// requests bypass CloudFront.
func (h *Handler) serve(ctx context.Context, e *exchange) (*result, *problem) {
	if !e.event.admitted() {
		return nil, newProblem(http.StatusUnauthorized, codeUnauthenticated, "The request did not come through CloudFront.").
			with("www-authenticate", "Gatehouse")
	}
	known, found := h.endpoints(e.event.RawPath)
	if !found {
		return nil, newProblem(http.StatusNotFound, codeNotFound, "There is no such path. "+h.Prefix+"/openapi.yaml describes the API.")
	}
	method := e.event.RequestContext.HTTP.Method
	if method == http.MethodHead {
		method = http.MethodGet // render leaves the body out
	}
	one, allowed := known[method]
	if !allowed {
		return nil, newProblem(http.StatusMethodNotAllowed, codeMethod, "The method is not allowed for this path.").with("allow", known.allow())
	}
	if h.Admission != nil {
		if problem := h.identify(ctx, e, one.access); problem != nil {
			return nil, problem
		}
	}
	return one.serve(ctx, e)
}

// endpoints returns the endpoints of a path. Below /v1 are the same ones again: some
// clients insist on it.
func (h *Handler) endpoints(path string) (methods, bool) {
	path, below := strings.CutPrefix(path, h.Prefix)
	if !below {
		return nil, false
	}
	if rest, versioned := strings.CutPrefix(path, "/v1/"); versioned {
		path = "/" + rest
	}
	if id, below := strings.CutPrefix(path, modelPath); below && id != "" {
		return h.paths[modelPath+"{model}"], true
	}
	known, found := h.paths[path]
	return known, found
}

// allow lists the methods as the header Allow does.
func (m methods) allow() string {
	all := slices.Collect(maps.Keys(m))
	if slices.Contains(all, http.MethodGet) {
		all = append(all, http.MethodHead)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
