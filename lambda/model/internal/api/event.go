package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// event has the fields used of an HTTP API's event in payload format 2.0, as API
// Gateway's guide describes it. (The type of aws-lambda-go would decode all fields, for
// each request.)
type event struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	Headers         map[string]string `json:"headers"` // names in lower case
	Query           map[string]string `json:"queryStringParameters"`
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

// parseEvent decodes an event. Its error quotes nothing of the payload, which may have a
// conversation in it.
func parseEvent(payload []byte) (event, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return event{}, errors.New("the event is not an HTTP API's JSON: check what invokes this function")
	}
	if e.Version != "2.0" {
		return event{}, fmt.Errorf("the event has payload format version %.8q: set the integration's to 2.0", e.Version)
	}
	return e, nil
}

// admitted reports whether the authorizer accepted the request: it returns the name of
// the origin key.
func (e *event) admitted() bool { return e.RequestContext.Authorizer.Lambda.OriginKey != "" }

// idHeader carries the request's id to the API, and back to the client.
const idHeader = "x-request-id"

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_=-]{8,64}$`)

// id returns the request's id: the one from CloudFront, so that both logs have the same,
// or API Gateway's for a request without one.
func (e *event) id() string {
	if id := e.Headers[idHeader]; idPattern.MatchString(id) {
		return id
	}
	return e.RequestContext.RequestID
}

// body returns the body's text, or a problem if it has more bytes than limit. API Gateway
// encodes bodies that it considers binary in base64.
func (e *event) body(limit int) (string, *problem) {
	if !e.IsBase64Encoded {
		if len(e.Body) > limit {
			return "", tooLarge(limit)
		}
		return e.Body, nil
	}
	if base64.StdEncoding.DecodedLen(len(e.Body)) > limit+2 { // up to two bytes of padding
		return "", tooLarge(limit)
	}
	text, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return "", newProblem(http.StatusBadRequest, codeMalformedBody, "The body is marked as base64 but is not valid base64.")
	}
	if len(text) > limit {
		return "", tooLarge(limit)
	}
	return string(text), nil
}

func tooLarge(limit int) *problem {
	return newProblem(http.StatusRequestEntityTooLarge, codeBodyTooLarge, fmt.Sprintf("The body has more than %d bytes.", limit))
}

// readBody returns the JSON value in the event's body.
func readBody(e *event, limit int) (strictjson.Value, *problem) {
	if !isJSON(e.Headers["content-type"]) {
		return strictjson.Value{}, newProblem(http.StatusUnsupportedMediaType, codeMediaType, "The body must be application/json, in UTF-8.").
			with("accept-post", "application/json")
	}
	if coding := e.Headers["content-encoding"]; coding != "" && !strings.EqualFold(coding, "identity") {
		return strictjson.Value{}, newProblem(http.StatusUnsupportedMediaType, codeMediaType, "The body must not be compressed.").
			with("accept-encoding", "identity")
	}
	text, problem := e.body(limit)
	if problem != nil {
		return strictjson.Value{}, problem
	}
	value, malformed := strictjson.Parse(text)
	if malformed != nil {
		return strictjson.Value{}, newProblem(http.StatusBadRequest, codeMalformedBody, "The body is not well-formed.", *malformed)
	}
	return value, nil
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	charset, given := parameters["charset"]
	return err == nil && mediaType == "application/json" && (!given || isUTF8(charset))
}

// isUTF8 reports whether a charset is UTF-8, by its name or by that which many clients
// have for it.
func isUTF8(charset string) bool {
	return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}
