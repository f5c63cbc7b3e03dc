package rules

import "fmt"

var authorizer = Rule{
	Name:        "authorizer",
	Description: "Every route of the API has the authorizer.",
	check: byType{
		"aws:apigatewayv2/route:Route": func(r Resource) (p problems) {
			p.unless(r.at("authorizationType").isOneOf("CUSTOM") && r.at("authorizerId").isSet(),
				fmt.Sprintf("route %q: authorizationType must be CUSTOM, with the authorizerId", r.at("routeKey").text()))
			return p
		},
		"aws:apigatewayv2/authorizer:Authorizer": func(r Resource) (p problems) {
			p.unless(r.at("authorizerType").isOneOf("REQUEST"), "authorizerType must be REQUEST: a function checks the origin key")
			p.unless(len(r.at("identitySources").each()) > 0 || r.at("identitySources").IsComputed(),
				"identitySources must name the origin header: decisions are cached by it")
			return p
		},
	}.check,
}
