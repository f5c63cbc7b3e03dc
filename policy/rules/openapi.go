package rules

import (
	"fmt"
	"slices"
	"strings"
)

// restAPI is the type of a REST API. Its methods and integrations are in its body, an
// OpenAPI document of version 3 or 2.
const restAPI = "aws:apigateway/restApi:RestApi"

// body returns the decoded body of a REST API, and whether there is one to check. A body
// that isn't known yet is checked when it is.
func body(r Resource) (document value, ok bool) {
	text := r.at("body")
	if !text.isSet() || text.IsComputed() {
		return value{}, false
	}
	return unpacked(text), true
}

// notOperations are the members of a path that are not an operation. Any other is taken
// for one: API Gateway makes a method of x-amazon-apigateway-any-method too.
var notOperations = []string{"description", "parameters", "servers", "summary"}

// unprotected returns a sentence for each operation of an OpenAPI document that API Gateway
// would not protect with the authorizer.
func unprotected(document value) (p problems) {
	if !document.IsMap() {
		return problems{"its body can't be checked: it is no OpenAPI document in JSON"}
	}
	for path, item := range document.at("paths").fields() {
		p.unless(item.IsMap(), fmt.Sprintf("path %q can't be checked: it is no object with operations", path))
		for method, operation := range item.fields() {
			if slices.Contains(notOperations, method) {
				continue
			}
			if wrong := wrongSecurity(document, operation); wrong != "" {
				p = append(p, fmt.Sprintf("operation %s of %q: %s", method, path, wrong))
			}
		}
	}
	return p
}

// wrongSecurity returns what is wrong with the security of an operation; it is empty if
// nothing is. The security of the whole document doesn't count: AWS's documentation doesn't
// say that each method gets it. Neither do alternatives: a method has one authorizer.
func wrongSecurity(document, operation value) string {
	requirements := operation.at("security").each()
	if len(requirements) != 1 || !requirements[0].IsMap() || requirements[0].AsMap().Len() != 1 {
		return "it must have a security of its own that names one scheme, the authorizer"
	}
	for name := range requirements[0].fields() {
		for _, schemes := range []value{document.at("components", "securitySchemes"), document.at("securityDefinitions")} {
			if scheme := schemes.at(name); scheme.isSet() {
				return wrongScheme(name, scheme)
			}
		}
		return fmt.Sprintf("its security names %q, which is no scheme of the document", name)
	}
	return ""
}

// wrongScheme returns why a scheme is not the authorizer of origin keys; it is empty if it
// is.
func wrongScheme(name string, scheme value) string {
	authorizer := scheme.at("x-amazon-apigateway-authorizer")
	switch {
	case !scheme.at("x-amazon-apigateway-authtype").isOneOf("custom") || !authorizer.at("type").isOneOf("request"):
		return fmt.Sprintf("its scheme %q must be of authtype custom, with an authorizer of type request", name)
	case !isHeader(authorizer.at("identitySource")):
		return fmt.Sprintf("the identitySource of its scheme %q must be the origin header alone: decisions are cached by it", name)
	default:
		return ""
	}
}

// isHeader reports whether the identity source of a REST API's authorizer is one header,
// without which API Gateway rejects a request itself, or may be. A client's credential is
// none: decisions are cached by the header.
func isHeader(source value) bool {
	header, ok := strings.CutPrefix(source.text(), "method.request.header.")
	return source.IsComputed() || ok && header != "" && !strings.ContainsAny(header, ", ") && !isCredential(header)
}
