package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// event is the part of an event that decides: payload format 2.0 of an HTTP API, as
// API Gateway's guide describes it. (The type of aws-lambda-go would decode all of
// it, for each request.)
type event struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	Headers         map[string]string `json:"headers"` // names in lower case
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	RequestContext  struct {
		RequestID string `json:"requestId"`
		HTTP      struct {
			Method string `json:"method"`
		} `json:"http"`
		Authorizer struct {
			Lambda struct {
				OriginKey string `json:"originKey"`
			} `json:"lambda"`
		} `json:"authorizer"`
	} `json:"requestContext"`
}

// parseEvent quotes nothing of the payload in its error: a conversation may be in
// there.
func parseEvent(payload []byte) (event, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return event{}, errors.New("the event is no JSON of an HTTP API: check what invokes this function")
	}
	if e.Version != "2.0" {
		return event{}, fmt.Errorf("the event has payload format version %.8q: set the integration's to 2.0", e.Version)
	}
	return e, nil
}

// admitted reports whether the authorizer let the request in: it says with which
// key.
func (e *event) admitted() bool { return e.RequestContext.Authorizer.Lambda.OriginKey != "" }

// idHeader carries the request's id to the API, and back to who asked.
const idHeader = "x-request-id"

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_=-]{8,64}$`)

// id is the request's: the one that CloudFront gave it, so that both logs name it
// alike, or API Gateway's for what came another way.
func (e *event) id() string {
	if id := e.Headers[idHeader]; idPattern.MatchString(id) {
		return id
	}
	return e.RequestContext.RequestID
}

// body returns the body's bytes, or a problem if there are more than limit: API
// Gateway sends in base64 what it does not take for text.
func (e *event) body(limit int) ([]byte, *problem) {
	if !e.IsBase64Encoded {
		if len(e.Body) > limit {
			return nil, tooLarge(limit)
		}
		return []byte(e.Body), nil
	}
	if base64.StdEncoding.DecodedLen(len(e.Body)) > limit+2 { // up to two bytes of padding
		return nil, tooLarge(limit)
	}
	text, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return nil, newProblem(badRequest, codeMalformedBody, "The body is not valid base64, as which it came.")
	}
	if len(text) > limit {
		return nil, tooLarge(limit)
	}
	return text, nil
}

func tooLarge(limit int) *problem {
	return newProblem(contentTooLarge, codeBodyTooLarge, fmt.Sprintf("The body has more than %d bytes.", limit))
}
