package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// event is the part of a REQUEST event on which the decision depends, in both of its
// forms: that of the HTTP API, payload format 2.0, and that of the REST API, which has no
// version. (The types of aws-lambda-go would decode all of it, for each request.)
type event struct {
	Version        string            `json:"version"`
	IdentitySource []string          `json:"identitySource"`
	Headers        map[string]string `json:"headers"`
	RequestContext struct {
		APIID     string `json:"apiId"`
		RequestID string `json:"requestId"`
	} `json:"requestContext"`

	// These are in events of the REST API alone.
	Type              string              `json:"type"`
	MethodARN         string              `json:"methodArn"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`

	stage string // of the REST API, as an ARN; empty in events of the HTTP API
}

// parseEvent quotes nothing of the payload in its error: the key is in there.
func parseEvent(payload []byte) (event, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return event{}, errors.New("the event is no JSON of a REQUEST authorizer: check what invokes this function")
	}
	switch {
	case e.Version == "2.0":
		return e, nil
	case e.Version != "":
		return event{}, fmt.Errorf("the event has payload format version %.8q: set the authorizer's to 2.0", e.Version)
	case e.Type != "REQUEST":
		return event{}, errors.New("the event has neither a payload format version nor the type REQUEST: set one of them in the API's authorizer")
	}
	stage, ok := stageOf(e.MethodARN)
	if !ok {
		return event{}, errors.New("the event's methodArn is not that of a method of a REST API: check what invokes this function")
	}
	e.stage = stage
	return e, nil
}

// stageOf returns the ARN of the stage in that of a method,
// arn:PARTITION:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH. The path is the
// client's, and no part of it gets into a policy.
func stageOf(methodARN string) (string, bool) {
	api, rest, _ := strings.Cut(methodARN, "/")
	stage, _, found := strings.Cut(rest, "/")
	parts := strings.Split(api, ":")
	if !found || stage == "" || len(parts) != 6 || parts[0] != "arn" || parts[2] != "execute-api" || parts[5] == "" {
		return "", false
	}
	arn := api + "/" + stage
	return arn, !strings.ContainsAny(arn, "*?$") // these have a meaning in policies
}

var (
	errNoValue       = errors.New("the request has no such header")
	errSeveralValues = errors.New("the request has several values of the header")
	errDisagreement  = errors.New("the header and the identity source differ")
)

// presented returns the one value of the header.
//
// Several values are rejected, even if one of them is a key: CloudFront replaces what a
// viewer sends, so they never came through it. The HTTP API joins them with commas, which
// no key contains. It caches the response by the identity source, so a response about any
// other value would be cached for the wrong one.
func (e event) presented(header string) (string, error) {
	values := e.values(header)
	switch {
	case e.stage != "":
	case len(values) == 0 && len(e.IdentitySource) == 1:
		values = e.IdentitySource
	case len(values) == 1 && len(e.IdentitySource) > 0 && (len(e.IdentitySource) > 1 || e.IdentitySource[0] != values[0]):
		return "", errDisagreement
	}
	return one(values)
}

// one returns the only value of a header. The HTTP API joins several with commas.
func one(values []string) (string, error) {
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", errNoValue
	case len(values) > 1 || strings.Contains(values[0], ","):
		return "", errSeveralValues
	}
	return values[0], nil
}

// values returns every value of the header, regardless of the case of its name. The REST
// API's headers have the last of several values only, so they are not read.
func (e event) values(header string) (values []string) {
	if e.stage != "" {
		for name, several := range e.MultiValueHeaders {
			if strings.EqualFold(name, header) {
				values = append(values, several...)
			}
		}
		return values
	}
	for name, value := range e.Headers {
		if strings.EqualFold(name, header) {
			values = append(values, value)
		}
	}
	return values
}
