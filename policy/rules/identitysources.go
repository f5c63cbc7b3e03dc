package rules

import (
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/credential"
)

const (
	requestHeader = "$request.header."
	routeKey      = "$context.routeKey"
)

// identitySources covers the identity sources of an authorizer of the HTTP API. The
// function decides by their number: with one, about the origin key, and the decision may
// be cached; with three, about a client's credential too, and none is cached: a credential
// may be revoked at any time, and each request counts.
func identitySources(r Resource) (p problems) {
	sources := r.at("identitySources")
	if sources.IsComputed() || slices.ContainsFunc(sources.each(), func(s value) bool { return s.IsComputed() }) {
		return nil
	}
	var names []string
	for _, source := range sources.each() {
		names = append(names, strings.ToLower(source.text()))
	}
	if !slices.Contains(names, requestHeader+credential.Header) {
		p.unless(len(names) == 1 && isRequestHeader(names[0]), "identitySources must name the origin header, alone: decisions are cached by it")
		return p
	}
	others := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return name == requestHeader+credential.Header || name == strings.ToLower(routeKey)
	})
	p.unless(len(names) == 3 && len(others) == 1 && isRequestHeader(others[0]),
		"identitySources must be the origin header, "+credential.Header+" and "+routeKey+": with these three, the function decides about a client")
	ttl := r.at("authorizerResultTtlInSeconds")
	p.unless(ttl.IsComputed() || ttl.IsNumber() && ttl.AsNumber() == 0,
		"authorizerResultTtlInSeconds must be 0: no decision about a client's credential is cached")
	return p
}

func isRequestHeader(source string) bool {
	header, ok := strings.CutPrefix(source, requestHeader)
	return ok && header != ""
}

// isCredential reports whether a header of a REST API's request is the client's
// credential.
func isCredential(header string) bool { return strings.EqualFold(header, credential.Header) }

// passesClient covers an integration that tells a server who the client is: the server
// must not learn the credential.
func passesClient(r Resource) (p problems) {
	parameters := r.at("requestParameters")
	tells, removes := false, parameters.IsComputed()
	for name, mapped := range parameters.fields() {
		tells = tells || mapped.text() == "$context.authorizer.client"
		removes = removes || strings.EqualFold(name, "remove:header."+credential.Header)
	}
	p.unless(!tells || removes, "requestParameters must remove the header "+credential.Header+": the server must not learn the client's credential")
	return p
}
