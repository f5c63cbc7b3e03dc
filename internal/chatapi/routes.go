package chatapi

import (
	"net/http"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
)

// routes returns a route for each endpoint, so that API Gateway throttles and measures
// them separately, and one for all other paths and methods: those with /v1 after the
// prefix, which the function ignores, and those for which it returns an error.
func routes(prefix string, playground bool, f *function.Function) []httpapi.Route {
	all := []httpapi.Route{
		{Name: "models", Method: http.MethodPost, Path: "/models"},
		{Name: "model-list", Method: http.MethodGet, Path: "/models"},
		// A model's id may have slashes, which arrive decoded.
		{Name: "model", Method: http.MethodGet, Path: "/models/{model+}"},
		{Name: "completions", Method: http.MethodPost, Path: "/chat/completions"},
		{Name: "embeddings", Method: http.MethodPost, Path: "/embeddings"},
		{Name: "usage", Method: http.MethodGet, Path: "/usage"},
		{Name: "key-revocation", Method: http.MethodPost, Path: "/key/revoke"},
		{Name: "health", Method: http.MethodGet, Path: "/healthz"},
		{Name: "readiness", Method: http.MethodGet, Path: "/readyz"},
		{Name: "description", Method: http.MethodGet, Path: "/openapi.yaml"},
		{Name: "rest", Method: "ANY", Path: httpapi.ProxyPath},
	}
	if playground {
		all = append(all, httpapi.Route{Name: "playground", Method: http.MethodGet, Path: "/playground"})
	}
	for i := range all {
		all[i].Path = prefix + all[i].Path
		all[i].Function = f
	}
	return all
}
