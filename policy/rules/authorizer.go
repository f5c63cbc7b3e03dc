package rules

import "fmt"

// authorizer covers both APIs. The methods of the REST API are those of its body. As
// resources they would be fine for the rule, but their integrations would not: the
// provider can't declare that they stream, and resets them to the buffered mode.
var authorizer = Rule{
	Name:        "authorizer",
	Description: "Every route and method of the APIs has the authorizer.",
	check: byType{
		"aws:apigatewayv2/route:Route": func(r Resource) (p problems) {
			p.unless(r.at("authorizationType").isOneOf("CUSTOM") && r.at("authorizerId").isSet(),
				fmt.Sprintf("route %q: authorizationType must be CUSTOM, with the authorizerId", r.at("routeKey").text()))
			return p
		},
		"aws:apigatewayv2/authorizer:Authorizer": func(r Resource) (p problems) {
			p.unless(r.at("authorizerType").isOneOf("REQUEST"), "authorizerType must be REQUEST: a function checks the origin key")
			return append(p, identitySources(r)...)
		},
		"aws:apigatewayv2/integration:Integration": passesClient,
		restAPI: func(r Resource) problems {
			if document, ok := body(r); ok {
				return unprotected(document)
			}
			return nil
		},
		"aws:apigateway/method:Method": func(r Resource) (p problems) {
			p.unless(r.at("authorization").isOneOf("CUSTOM") && r.at("authorizerId").isSet(),
				fmt.Sprintf("method %s: authorization must be CUSTOM, with the authorizerId", r.at("httpMethod").text()))
			return p
		},
		"aws:apigateway/authorizer:Authorizer": func(r Resource) (p problems) {
			p.unless(r.at("type").isOneOf("REQUEST"), "type must be REQUEST: a function checks the origin key")
			p.unless(isHeader(r.at("identitySource")), "identitySource must be the origin header alone: decisions are cached by it")
			return p
		},
		"aws:apigateway/integration:Integration": func(Resource) problems {
			return problems{"the integration must be in the body of the REST API: as a resource it resets the mode in which responses are streamed"}
		},
	}.check,
}
