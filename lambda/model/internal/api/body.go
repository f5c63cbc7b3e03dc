package api

import (
	"mime"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// readBody returns the JSON value in the event's body.
func readBody(e *event, limit int) (any, *problem) {
	if !isJSON(e.Headers["content-type"]) {
		return nil, newProblem(unsupportedMediaType, codeMediaType, "The body must be application/json, in UTF-8.").
			with("accept-post", "application/json")
	}
	if coding := e.Headers["content-encoding"]; coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, newProblem(unsupportedMediaType, codeMediaType, "The body must not be compressed.").
			with("accept-encoding", "identity")
	}
	text, problem := e.body(limit)
	if problem != nil {
		return nil, problem
	}
	value, malformed := strictjson.Parse(text)
	if malformed != nil {
		return nil, newProblem(badRequest, codeMalformedBody, "The body is not well-formed.", *malformed)
	}
	return value, nil
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	charset, given := parameters["charset"]
	return err == nil && mediaType == "application/json" && (!given || strings.EqualFold(charset, "utf-8"))
}
