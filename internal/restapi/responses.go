package restapi

import (
	"encoding/json"
	"net/http"

	"github.com/gatehouse-iac/gatehouse/internal/probe"
)

// gatewayResponse is a response that API Gateway sends without the function.
type gatewayResponse struct {
	status int    // 0 for the response's own
	code   string // of the problem; those of the function are in lambda/model/internal/api
	kind   string // of OpenAI's error
	detail string

	authorized bool // the authorizer has accepted the request
}

const (
	notThroughCloudFront = "The request did not come through CloudFront."
	notAuthorized        = "The request could not be authorized. Try again later."
	failed               = "The API failed to respond. Try again later."
)

// gatewayResponses are the responses of API Gateway itself for which there is a problem
// document, by their types in API Gateway. The others have API Gateway's own form.
var gatewayResponses = map[string]gatewayResponse{
	"UNAUTHORIZED":                   {http.StatusUnauthorized, "unauthenticated", "authentication_error", notThroughCloudFront, false},
	"ACCESS_DENIED":                  {http.StatusForbidden, "unauthenticated", "authentication_error", notThroughCloudFront, false},
	"MISSING_AUTHENTICATION_TOKEN":   {http.StatusNotFound, "not_found", "invalid_request_error", "There is no such path.", false},
	"REQUEST_TOO_LARGE":              {http.StatusRequestEntityTooLarge, "body_too_large", "invalid_request_error", "The body has more than 10 MB.", false},
	"THROTTLED":                      {http.StatusTooManyRequests, "rate_limit_exceeded", "rate_limit_error", "Too many requests. Try again later.", false},
	"AUTHORIZER_FAILURE":             {http.StatusInternalServerError, "model_unavailable", "server_error", notAuthorized, false},
	"AUTHORIZER_CONFIGURATION_ERROR": {http.StatusInternalServerError, "model_unavailable", "server_error", notAuthorized, false},
	// Of a function that may have no more executions, for the most part.
	"INTEGRATION_FAILURE": {http.StatusServiceUnavailable, "model_unavailable", "server_error", "The API has no capacity left. Try again later.", true},
	"INTEGRATION_TIMEOUT": {http.StatusGatewayTimeout, "model_timeout", "server_error", "The API did not respond in time.", true},
	// All others from 500, with a status of their own: a function that fails among them.
	"DEFAULT_5XX": {0, "model_unavailable", "server_error", failed, false},
}

// retryAfter is the number of seconds after which a client may retry.
const retryAfter = "1"

func describeResponses() (object, error) {
	all := object{}
	for name, r := range gatewayResponses {
		described, err := r.describe()
		if err != nil {
			return nil, err
		}
		all[name] = described
	}
	return all, nil
}

// describe returns the response as API Gateway imports it: headers with static values in
// single quotes, and a template in which $context.requestId is a variable.
func (r gatewayResponse) describe() (object, error) {
	headers := object{
		"gatewayresponse.header.Content-Type":  "'application/problem+json'",
		"gatewayresponse.header.Cache-Control": "'no-store'",
	}
	if r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable {
		headers["gatewayresponse.header.Retry-After"] = "'" + retryAfter + "'"
	}
	if r.status == http.StatusGatewayTimeout {
		headers["gatewayresponse.header.X-Should-Retry"] = "'false'" // to OpenAI's clients: the model was paid
	}
	if r.authorized {
		headers["gatewayresponse.header."+probe.AuthorizedHeader] = "'true'"
	}
	problem, err := json.Marshal(r.problem())
	described := object{"responseParameters": headers, "responseTemplates": object{"application/json": string(problem)}}
	if r.status != 0 {
		described["statusCode"] = r.status
	}
	return described, err
}

// problem returns the error in the API's format: a problem document (RFC 9457) with an
// error for OpenAI's clients.
func (r gatewayResponse) problem() object {
	problem := object{
		"type":     "about:blank",
		"detail":   r.detail,
		"instance": "$context.requestId",
		"code":     r.code,
		"error":    object{"message": r.detail, "type": r.kind, "param": nil, "code": r.code},
	}
	if r.status != 0 {
		problem["title"], problem["status"] = http.StatusText(r.status), r.status
	}
	return problem
}
