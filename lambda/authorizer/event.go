package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// event is the part of a REQUEST event, payload format 2.0, on which the decision depends.
// (The type of aws-lambda-go would decode all of it, for each request.)
type event struct {
	Version        string            `json:"version"`
	IdentitySource []string          `json:"identitySource"`
	Headers        map[string]string `json:"headers"`
	RequestContext struct {
		RequestID string `json:"requestId"`
	} `json:"requestContext"`
}

// parseEvent quotes nothing of the payload in its error: the key is in there.
func parseEvent(payload []byte) (event, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return event{}, errors.New("the event is no JSON of a REQUEST authorizer: check what invokes this function")
	}
	if e.Version != "2.0" {
		return event{}, fmt.Errorf("the event has payload format version %.8q: set the authorizer's to 2.0", e.Version)
	}
	return e, nil
}

var (
	errNoValue       = errors.New("the request has no such header")
	errSeveralValues = errors.New("the request has several values of the header")
	errDisagreement  = errors.New("the header and the identity source differ")
)

// presented returns the one value of the header.
//
// Several values are rejected, even if one of them is a key: CloudFront replaces
// what a viewer sends, so they never came through it. API Gateway joins them with
// commas, which no key contains. API Gateway caches the response by the identity source,
// so a response about any other value would be cached for the wrong one.
func (e event) presented(header string) (string, error) {
	var values []string
	for name, value := range e.Headers {
		if strings.EqualFold(name, header) {
			values = append(values, value)
		}
	}
	switch {
	case len(values) == 0 && len(e.IdentitySource) == 1:
		values = e.IdentitySource
	case len(values) == 1 && len(e.IdentitySource) > 0 && (len(e.IdentitySource) > 1 || e.IdentitySource[0] != values[0]):
		return "", errDisagreement
	}
	switch {
	case len(values) == 0 || values[0] == "":
		return "", errNoValue
	case len(values) > 1 || strings.Contains(values[0], ","):
		return "", errSeveralValues
	}
	return values[0], nil
}
