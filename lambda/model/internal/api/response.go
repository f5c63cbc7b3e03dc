package api

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
)

// response is a response in API Gateway's payload format 2.0.
type response struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// result is what an endpoint returns if there is no problem: a value to encode as JSON,
// or a text or a stream of a content type. Without any of them, the response has status 204.
type result struct {
	value any

	contentType string
	text        string
	stream      io.Reader

	headers map[string]string // further ones of a text's response
}

func asJSON(value any) *result { return &result{value: value} }

// maxResponse is the maximum size of a function's response to Lambda, in bytes: its own
// limit of 6 MB, less some for the envelope.
const maxResponse = 6_000_000

// render returns the response to a request as Lambda takes it. If it is too large, it sets
// the request's problem.
func render(e *exchange, a *result) ([]byte, error) {
	r, err := respond(e, a)
	if err != nil {
		return nil, err
	}
	rendered, err := marshal(r)
	if err == nil && len(rendered) > maxResponse && e.problem == nil {
		e.problem = newProblem(http.StatusUnprocessableEntity, codeAnswerTooLarge,
			"The answer has more bytes than Lambda returns. Request fewer tokens or choices, or embed fewer texts at once.")
		return render(e, nil)
	}
	return rendered, err
}

func respond(e *exchange, a *result) (response, error) {
	body, contentType, err := encode(e, a)
	if err != nil {
		return response{}, err
	}
	r := response{
		StatusCode: http.StatusOK,
		Headers:    e.changes.headers(),
		Body:       string(body),
	}
	maps.Copy(r.Headers, e.client.headers)
	if e.problem == nil {
		maps.Copy(r.Headers, a.headers)
	}
	r.Headers["cache-control"], r.Headers[idHeader] = "no-store", e.id
	if contentType != "" {
		r.Headers["content-type"] = contentType
	}
	switch {
	case e.problem != nil:
		r.StatusCode = e.problem.Status
		maps.Copy(r.Headers, e.problem.headers)
	case contentType == "":
		r.StatusCode = http.StatusNoContent
	}
	if e.event.RequestContext.HTTP.Method == http.MethodHead {
		r.Body = ""
	}
	return r, nil
}

// encode returns the body for a result, or for the request's problem.
func encode(e *exchange, a *result) (body []byte, contentType string, err error) {
	contentType = "application/json"
	if e.problem != nil {
		e.problem.Instance = e.id
		a, contentType = &result{value: e.problem}, "application/problem+json"
	}
	if a.value == nil {
		return []byte(a.text), a.contentType, nil
	}
	body, err = marshal(a.value)
	return body, contentType, err
}

// marshal encodes a value. It doesn't escape <, > and &, which take up to seven bytes in an
// event then, and need not be: responses are no HTML.
func marshal(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
