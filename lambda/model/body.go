package main

import (
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// maxBody is how many bytes a request's body may have.
const maxBody = 1 << 20

// readBody returns the conversation in the event's body.
func readBody(event events.APIGatewayV2HTTPRequest, maxTokens int) (conversation, *problem) {
	if !isJSON(event.Headers["content-type"]) {
		return conversation{}, newProblem(http.StatusUnsupportedMediaType, "The body must be application/json, in UTF-8.").
			with("accept-post", "application/json")
	}
	text, problem := decodeBody(event)
	if problem != nil {
		return conversation{}, problem
	}
	body, malformed := parseJSON(text)
	if malformed != nil {
		return conversation{}, newProblem(http.StatusBadRequest, "The body is not well-formed.", *malformed)
	}
	c, faults := readConversation(body, maxTokens)
	if len(faults) > 0 {
		return conversation{}, newProblem(http.StatusUnprocessableEntity, "The body is not what this API takes.", faults...)
	}
	return c, nil
}

// decodeBody returns the body's bytes: API Gateway sends in base64 what it does not
// take for text.
func decodeBody(event events.APIGatewayV2HTTPRequest) ([]byte, *problem) {
	size := len(event.Body)
	if event.IsBase64Encoded {
		size = size / 4 * 3 // up to two bytes more than it will have
	}
	if size > maxBody+2 {
		return nil, tooLarge()
	}
	text := []byte(event.Body)
	if event.IsBase64Encoded {
		var err error
		if text, err = base64.StdEncoding.DecodeString(event.Body); err != nil {
			return nil, newProblem(http.StatusBadRequest, "The body is not valid base64, as which it came.")
		}
	}
	if len(text) > maxBody {
		return nil, tooLarge()
	}
	return text, nil
}

func tooLarge() *problem {
	return newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body has more than %d bytes.", maxBody))
}

func isJSON(contentType string) bool {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	charset, given := parameters["charset"]
	return err == nil && mediaType == "application/json" && (!given || strings.EqualFold(charset, "utf-8"))
}
