package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// restEvent has the fields used of a REST API's event for a proxy integration:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
type restEvent struct {
	Version           string              `json:"version"` // none; an HTTP API's payload format 1.0, which is the same, has one
	Path              string              `json:"path"`    // without the stage
	HTTPMethod        string              `json:"httpMethod"`
	Headers           map[string]string   `json:"headers"` // the last value of each; names as the client wrote them
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Query             map[string]string   `json:"queryStringParameters"`
	Body              string              `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
	RequestContext    struct {
		RequestID  string `json:"requestId"`
		Authorizer struct {
			OriginKey string `json:"originKey"`
		} `json:"authorizer"`
	} `json:"requestContext"`
}

// parseRESTEvent decodes a REST API's event. Its error quotes nothing of the payload, which
// may have a conversation in it.
func parseRESTEvent(payload []byte) (event, error) {
	var given restEvent
	if err := json.Unmarshal(payload, &given); err != nil {
		return event{}, errors.New("the event is not a REST API's JSON: check what invokes this function")
	}
	if given.Version != "" && given.Version != "1.0" {
		return event{}, fmt.Errorf("the event has payload format version %.8q: want an event of a REST API, whose responses are streamed", given.Version)
	}
	if given.Path == "" || given.HTTPMethod == "" {
		return event{}, errors.New("the event has no path or no method: want an event of a REST API")
	}
	e := event{
		Version:         given.Version,
		RawPath:         given.Path,
		Headers:         given.headers(),
		Query:           given.Query,
		Body:            given.Body,
		IsBase64Encoded: given.IsBase64Encoded,
	}
	e.RequestContext.RequestID = given.RequestContext.RequestID
	e.RequestContext.HTTP.Method = given.HTTPMethod
	e.RequestContext.Authorizer.Lambda.OriginKey = given.RequestContext.Authorizer.OriginKey
	return e, nil
}

// headers returns the headers as an HTTP API has them: names in lower case, and several
// values in one, separated by commas.
func (e *restEvent) headers() map[string]string {
	all := make(map[string]string, len(e.MultiValueHeaders))
	for _, name := range slices.Sorted(maps.Keys(e.MultiValueHeaders)) {
		value, lower := strings.Join(e.MultiValueHeaders[name], ","), strings.ToLower(name)
		if earlier, given := all[lower]; given {
			value = earlier + "," + value
		}
		all[lower] = value
	}
	if len(all) > 0 {
		return all
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		all[strings.ToLower(name)] = e.Headers[name]
	}
	return all
}
