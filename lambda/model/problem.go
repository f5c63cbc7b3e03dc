package main

import (
	"encoding/json"
	"maps"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// problem is an answer that reports a failure (RFC 9457). The status says its type,
// so Type is about:blank; Instance is the request's id, as in the logs.
type problem struct {
	Type     string  `json:"type"`
	Title    string  `json:"title"`
	Status   int     `json:"status"`
	Detail   string  `json:"detail"`
	Instance string  `json:"instance"`
	Errors   []fault `json:"errors,omitempty"`

	headers map[string]string
}

func newProblem(status int, detail string, errors ...fault) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Errors: errors}
}

// with adds a header to the answer.
func (p *problem) with(name, value string) *problem {
	p.headers = map[string]string{name: value}
	return p
}

func (p *problem) response(requestID string) (events.APIGatewayV2HTTPResponse, error) {
	p.Instance = requestID
	response, err := jsonResponse(p.Status, "application/problem+json", p)
	maps.Copy(response.Headers, p.headers)
	return response, err
}

func jsonResponse(status int, contentType string, body any) (events.APIGatewayV2HTTPResponse, error) {
	text, err := json.Marshal(body)
	return events.APIGatewayV2HTTPResponse{
		StatusCode: status,
		Headers:    map[string]string{"content-type": contentType, "cache-control": "no-store"},
		Body:       string(text),
	}, err
}
