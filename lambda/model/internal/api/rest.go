package api

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Stream handles one event of a REST API whose integration streams responses. It is used
// in place of [Handler.Invoke], for which aws-lambda-go streams nothing, and requires
// [Config.Streaming]. Every response is in the form of a stream, one that is whole too: the
// API takes no other.
func (h *Handler) Stream(ctx context.Context, payload json.RawMessage) (*events.APIGatewayProxyStreamingResponse, error) {
	parsed, err := parseRESTEvent(payload)
	if err != nil {
		return nil, err
	}
	e := &exchange{event: &parsed, id: parsed.id(), began: h.now()}
	done, problem := h.serve(ctx, e)
	if problem == nil && done.stream != nil {
		return streamHead(e, done), nil // which is not done with the exchange
	}
	e.problem = problem
	r, err := respond(e, done)
	h.observe(ctx, e)
	if err != nil {
		return nil, err
	}
	return &events.APIGatewayProxyStreamingResponse{StatusCode: r.StatusCode, Headers: r.Headers, Body: strings.NewReader(notEmpty(r.Body))}, nil
}

// streamHead returns the response of a stream that has begun. The headers keep what is on
// the way from changing the stream or holding it back.
func streamHead(e *exchange, done *result) *events.APIGatewayProxyStreamingResponse {
	headers := e.changes.headers()
	maps.Copy(headers, e.client.headers)
	headers["content-type"], headers[idHeader] = done.contentType, e.id
	headers["cache-control"], headers["x-accel-buffering"] = "no-store, no-transform", "no"
	return &events.APIGatewayProxyStreamingResponse{StatusCode: http.StatusOK, Headers: headers, Body: done.stream}
}

// notEmpty returns a body of at least one byte: without one, API Gateway would wait for a
// first byte. A response to HEAD has no body on the wire, regardless of this one.
func notEmpty(body string) string {
	if body == "" {
		return "\n"
	}
	return body
}

var _ io.Reader = (*events.APIGatewayProxyStreamingResponse)(nil)
