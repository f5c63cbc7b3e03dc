package api

import (
	"net/http"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// problem is an error response in two formats at once: a problem document (RFC 9457),
// and the error object that OpenAI's clients expect. The status is the problem's type,
// so that Type is about:blank; Code is more specific.
type problem struct {
	Type     string             `json:"type"`
	Title    string             `json:"title"`
	Status   int                `json:"status"`
	Detail   string             `json:"detail"`
	Instance string             `json:"instance"` // the request's id, as in the logs
	Code     string             `json:"code"`
	Errors   []strictjson.Fault `json:"errors,omitempty"`
	Error    openAIError        `json:"error"`

	headers map[string]string
}

type openAIError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
}

// The codes are part of the API: they distinguish problems with the same status.
const (
	codeUnauthenticated = "unauthenticated"
	codeNotFound        = "not_found"
	codeModelNotFound   = "model_not_found"
	codeMethod          = "method_not_allowed"
	codeBodyTooLarge    = "body_too_large"
	codeMediaType       = "unsupported_media_type"
	codeMalformedBody   = "malformed_body"
	codeInvalidBody     = "invalid_body"
	codeStreaming       = "streaming_unsupported"
	codeUnsupported     = "unsupported_by_model"
	codeRejected        = "rejected_by_model"
	codeTooLong         = "context_length_exceeded"
	codeBusy            = "rate_limit_exceeded"
	codeModelFailed     = "model_failed"
	codeMalformedAnswer = "malformed_answer"
	codeSchemaMismatch  = "schema_mismatch"
	codeAnswerTooLarge  = "answer_too_large"
	codeUnavailable     = "model_unavailable"
	codeTimeout         = "model_timeout"
	codeQuery           = "invalid_query"

	codeMissingCredential  = "missing_credential"
	codeSeveralCredentials = "several_credentials"
	codeInvalidKey         = "invalid_api_key"
	codeInvalidToken       = "invalid_token"
	codeSuspended          = "client_suspended"
	codeRateExceeded       = "client_rate_exceeded"
	codeTooManyAtOnce      = "too_many_at_once"
	codeBudgetInUse        = "budget_in_use"
	codeBudgetSpent        = "insufficient_quota"
	codeClientsUnavailable = "clients_unavailable"
)

func newProblem(status int, code, detail string, faults ...strictjson.Fault) *problem {
	p := &problem{
		Type:   "about:blank",
		Title:  http.StatusText(status),
		Status: status,
		Detail: detail,
		Code:   code,
		Errors: faults,
		Error:  openAIError{Message: detail, Type: errorType(status), Code: code},
	}
	if len(faults) > 0 {
		first := faults[0]
		p.Error.Message += " " + first.Pointer + ": " + first.Detail + "."
		p.Error.Param = &first.Pointer
	}
	return p
}

// with sets a header of the response.
func (p *problem) with(name, value string) *problem {
	if p.headers == nil {
		p.headers = map[string]string{}
	}
	p.headers[name] = value
	return p
}

// final has OpenAI's clients not retry, which they do after any status from 500: the model
// was paid, and would be again.
func (p *problem) final() *problem { return p.with("x-should-retry", "false") }

func invalidBody(faults []strictjson.Fault) *problem {
	return newProblem(http.StatusUnprocessableEntity, codeInvalidBody, "The body is not valid for this endpoint.", faults...)
}

// unsupported returns the problem of a request that the model can't process.
func unsupported(faults []strictjson.Fault) *problem {
	return newProblem(http.StatusUnprocessableEntity, codeUnsupported, "The model does not support this request.", faults[:min(len(faults), maxFaults)]...)
}

// errorType returns OpenAI's error type for a status.
func errorType(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status < http.StatusInternalServerError:
		return "invalid_request_error"
	}
	return "server_error"
}
