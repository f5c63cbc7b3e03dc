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

// render returns the response for a result, or for a problem.
func render(id, method string, a *result, p *problem) (response, error) {
	r := response{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"cache-control": "no-store", idHeader: id},
	}
	if p != nil {
		p.Instance = id
		r.StatusCode = p.Status
		maps.Copy(r.Headers, p.headers)
		a = &result{value: p, contentType: "application/problem+json"}
	}
	r.Body = a.text
	r.Headers["content-type"] = a.contentType
	if a.value != nil {
		text, err := json.Marshal(a.value)
		if err != nil {
			return response{}, err
		}
		r.Body = string(text)
		if a.contentType == "" {
			r.Headers["content-type"] = "application/json"
		}
	}
	if method == http.MethodHead {
		r.Body = ""
	}
	return r, nil
}
