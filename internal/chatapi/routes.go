package chatapi

import (
	"net/http"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
)

// routes are the API's paths. Those that it has are routes of their own, so that
// each is throttled and measured apart; the last leaves it to the function to say
// that there is nothing, or no such method.
func routes(prefix string, f *function.Function) []httpapi.Route {
	all := []httpapi.Route{
		{Name: "models", Method: http.MethodPost, Path: "/models"},
		{Name: "model-list", Method: http.MethodGet, Path: "/models"},
		{Name: "completions", Method: http.MethodPost, Path: "/chat/completions"},
		{Name: "health", Method: http.MethodGet, Path: "/healthz"},
		{Name: "readiness", Method: http.MethodGet, Path: "/readyz"},
		{Name: "description", Method: http.MethodGet, Path: "/openapi.yaml"},
		{Name: "rest", Method: "ANY", Path: httpapi.ProxyPath},
	}
	for i := range all {
		all[i].Path = prefix + all[i].Path
		all[i].Function = f
	}
	return all
}
