package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// maxError limits how much of an error's body is read, in bytes.
const maxError = 64 << 10

// refusal is the error of a request that the server rejected. Its complaint is as the
// server sent it, and may quote the conversation: it only serves to choose the dialect.
type refusal struct {
	*chat.Rejection
	complaint complaint
}

// Unwrap returns the [chat.Rejection].
func (r *refusal) Unwrap() error { return r.Rejection }

// statusError returns the error for a status. It contains of the complaint only what
// [chat.Reason] leaves.
func statusError(status int, about complaint) error {
	err := fmt.Errorf("the model's server returned status %d", status)
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return newRefusal(err, about)
	case http.StatusNotFound: // of the model, or of the path, which the settings have
		if aboutModel.MatchString(about.all()) {
			return newRefusal(err, about)
		}
	case http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", chat.ErrBusy, err)
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%w: %w", chat.ErrUnavailable, err)
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return fmt.Errorf("%w: %w", chat.ErrTimeout, err)
	}
	return err
}

// rejects reports whether a server with this status has rejected a request before its
// model processed it.
func rejects(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusServiceUnavailable:
		return true
	}
	return false
}

var aboutModel = regexp.MustCompile(`(?i)\bmodel(_not_found)?\b`)

func newRefusal(err error, about complaint) *refusal {
	reason, concerned := chat.Reason(about.text)
	if _, named := chat.Reason(about.param); len(named) > 0 {
		concerned = named
	}
	if reason = strings.TrimSpace(reason); reason != "" {
		err = fmt.Errorf("%w: %s", err, reason)
	}
	return &refusal{&chat.Rejection{Members: concerned, Reason: err.Error(), TooLong: chat.IsTooLong(about.all())}, about}
}

// complaint is an error that a server describes.
type complaint struct {
	text  string // to people
	param string // the member concerned, or the path to it
	code  string // codes and types of the error
}

func (c complaint) all() string { return c.text + " " + c.param + " " + c.code }

// complaintOf returns the complaint in an error's body. Its forms are OpenAI's, an object
// error; that of older vLLM and of Mistral, whose members stand at the top; a string error
// or message; and FastAPI's, detail, with a list of places and messages.
func complaintOf(body []byte) complaint {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return complaint{}
	}
	var c complaint
	c.add(value)
	return c
}

func (c *complaint) add(value any) {
	switch value := value.(type) {
	case string:
		c.text = strings.TrimSpace(c.text + " " + value)
	case []any:
		for _, element := range value {
			c.add(element)
		}
	case map[string]any:
		c.addObject(value)
	}
}

// addObject leaves out members such as input, which quote the request.
func (c *complaint) addObject(object map[string]any) {
	if place, ok := object["loc"].([]any); ok {
		c.param = placeOf(place)
		c.add(c.param + ":")
	}
	for _, name := range []string{"error", "message", "msg", "detail"} {
		c.add(object[name])
	}
	if param, ok := object["param"].(string); ok {
		c.param = param
	}
	for _, name := range []string{"code", "type"} {
		switch code := object[name].(type) {
		case string:
			c.code = strings.TrimSpace(c.code + " " + code)
		case float64:
			c.code = strings.TrimSpace(c.code + " " + strconv.Itoa(int(code)))
		}
	}
}

func placeOf(path []any) string {
	names := make([]string, len(path))
	for i, name := range path {
		names[i] = fmt.Sprint(name)
	}
	return strings.Join(names, ".")
}

// replyError returns the error for a complaint that a server sent with status 200, or in
// a stream. Such errors have a status, if any, as their code.
func replyError(about complaint) error {
	for code := range strings.FieldsSeq(about.code) {
		if status, err := strconv.Atoi(code); err == nil && status >= http.StatusBadRequest {
			return statusError(status, about)
		}
	}
	if strings.Contains(about.code, "invalid_request_error") {
		return statusError(http.StatusBadRequest, about)
	}
	return errors.New("the model's server returned an error in place of a reply")
}
