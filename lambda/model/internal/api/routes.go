package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// endpoint answers a request.
type endpoint func(ctx context.Context, e *exchange) (*answer, *problem)

// methods are the endpoints of one path.
type methods map[string]endpoint

func (h *Handler) routes() map[string]methods {
	return map[string]methods{
		"/models":           {http.MethodGet: h.listModels, http.MethodPost: h.complete(ownShape{})},
		"/chat/completions": {http.MethodPost: h.complete(openAIShape{})},
		"/healthz":          {http.MethodGet: h.isAlive},
		"/readyz":           {http.MethodGet: h.isReady},
		"/openapi.yaml":     {http.MethodGet: h.describeItself},
	}
}

// serve finds who answers. What did not pass the authorizer is refused here too: a
// route without one would be a mistake, and must not be a way in.
func (h *Handler) serve(ctx context.Context, e *exchange) (*answer, *problem) {
	if !e.event.admitted() {
		return nil, newProblem(unauthorized, codeUnauthenticated, "The request did not come through the front door.").
			with("www-authenticate", "Gatehouse")
	}
	path, below := strings.CutPrefix(e.event.RawPath, h.Prefix)
	known, found := h.paths[path]
	if !below || !found {
		return nil, newProblem(notFound, codeNotFound, "There is nothing here. "+h.Prefix+"/openapi.yaml describes what there is.")
	}
	method := e.event.RequestContext.HTTP.Method
	if method == http.MethodHead {
		method = http.MethodGet // render leaves the body out
	}
	serve, allowed := known[method]
	if !allowed {
		return nil, newProblem(methodNotAllowed, codeMethod, "This method is not allowed here.").with("allow", known.allow())
	}
	return serve(ctx, e)
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

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
