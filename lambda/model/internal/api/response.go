package api

import (
	"encoding/json"
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
// or a text of a content type.
type result struct {
	value any

	contentType string
	text        string
}

func asJSON(value any) *result { return &result{value: value} }

// maxResponse is the maximum size of a function's response to Lambda, in bytes, less what
// the event around the body takes.
const maxResponse = 6_000_000

// render returns the response to a request.
func render(e *exchange, a *result) (response, error) {
	body, contentType, err := encode(e, a)
	if err != nil {
		return response{}, err
	}
	if len(body) > maxResponse {
		e.problem = newProblem(http.StatusUnprocessableEntity, codeAnswerTooLarge, "The answer has more bytes than Lambda returns. Send fewer inputs, or request base64.")
		return render(e, nil)
	}
	r := response{
		StatusCode: http.StatusOK,
		Headers:    e.told.headers(),
		Body:       body,
	}
	r.Headers["cache-control"], r.Headers[idHeader], r.Headers["content-type"] = "no-store", e.id, contentType
	if e.problem != nil {
		r.StatusCode = e.problem.Status
		maps.Copy(r.Headers, e.problem.headers)
	}
	if e.event.RequestContext.HTTP.Method == http.MethodHead {
		r.Body = ""
	}
	return r, nil
}

// encode returns the body for a result, or for the request's problem.
func encode(e *exchange, a *result) (body, contentType string, err error) {
	contentType = "application/json"
	if e.problem != nil {
		e.problem.Instance = e.id
		a, contentType = &result{value: e.problem}, "application/problem+json"
	}
	if a.value == nil {
		return a.text, a.contentType, nil
	}
	text, err := json.Marshal(a.value)
	return string(text), contentType, err
}
