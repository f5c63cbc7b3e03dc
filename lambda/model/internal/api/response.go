package api

import (
	"encoding/json"
	"maps"
	"net/http"
)

// response is what API Gateway makes an answer of.
type response struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// answer is what an endpoint answers with when nothing is wrong: a value that
// becomes JSON, or text.
type answer struct {
	value any

	contentType string
	text        string
}

func asJSON(value any) *answer { return &answer{value: value} }

// render makes the response of an answer, or of a problem.
func render(id, method string, a *answer, p *problem) (response, error) {
	r := response{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"cache-control": "no-store", idHeader: id},
	}
	if p != nil {
		p.Instance = id
		r.StatusCode = p.Status
		maps.Copy(r.Headers, p.headers)
		a = &answer{value: p, contentType: "application/problem+json"}
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
