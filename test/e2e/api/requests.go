package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// request is a request to the API and the response that it must get.
type request struct {
	name         string
	method, path string
	contentType  string
	body         string
	bedrock      *awsclient.Fault // how Bedrock fails meanwhile
	direct       bool             // bypassing CloudFront, which would respond itself

	status int
	code   string // of the problem; "" for a success
	has    string // that the body of a success must have
	told   string // what of the request had no effect: the response's headers about it
}

// fails has Bedrock respond with an error, more often than a client would retry.
func fails(status int, code string) *awsclient.Fault {
	return &awsclient.Fault{Service: "bedrock-runtime", Mode: "error-before", Times: 10, Status: status, Code: code}
}

const (
	asJSON = "application/json"
	hello  = `{"messages":[{"role":"user","content":"Hello"}]}`
)

// The models of the local stack.
const (
	microModel  = "amazon.nova-micro-v1:0" // text only
	claudeModel = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	titanModel  = "amazon.titan-embed-text-v2:0"
)

const (
	// weatherTool has a name that Bedrock doesn't take.
	weatherTool = `{"type":"function","function":{"name":"weather.of/city","description":"Tells the weather in a city",` +
		`"parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}`
	cityFormat = `{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object",` +
		`"properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}}`
	pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
)

// withMembers returns a question with further members, in OpenAI's format.
func withMembers(model, members string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":"What is the weather in Paris?"}],` + members + `}`
}

func withImage(model string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"` + pixel + `"}}]}]}`
}

// requests get a success of every endpoint, and one of each kind of problem.
func requests() []request {
	post := func(name, path, body string, status int, code string) request {
		return request{name: name, method: http.MethodPost, path: path, contentType: asJSON, body: body, status: status, code: code}
	}
	get := func(name, path, has string) request {
		return request{name: name, method: http.MethodGet, path: path, status: http.StatusOK, has: has}
	}
	during := func(r request, f *awsclient.Fault) request { r.bedrock = f; return r }
	direct := func(r request) request { r.direct = true; return r }
	telling := func(r request, told string) request { r.told = told; return r }
	answers := func(name, path, body, has string) request {
		return request{name: name, method: http.MethodPost, path: path, contentType: asJSON, body: body, status: http.StatusOK, has: has}
	}
	const models, completions = "/models", "/chat/completions"
	once := fails(http.StatusTooManyRequests, "ThrottlingException")
	once.Times = 1
	plainText := post("the body is plain text", models, hello, http.StatusUnsupportedMediaType, "unsupported_media_type")
	plainText.contentType = "text/plain"
	return []request{
		get("the models", models, `"object":"list"`),
		get("health", "/healthz", `"status":"ok"`),
		get("readiness", "/readyz", `"status":"ready"`),
		get("the description", "/openapi.yaml", "openapi: 3.1"),
		get("the playground", "/playground", "<title>Gatehouse playground</title>"),
		get("one model", "/models/"+microModel, `"id":"`+microModel+`"`),
		get("one model, encoded", "/v1/models/"+url.QueryEscape(microModel), `"id":"`+microModel+`"`),
		during(answers("Bedrock throttles once", models, hello, `"text":`), once),
		answers("a tool", completions, withMembers(microModel, `"tools":[`+weatherTool+`],"tool_choice":"required"`), `"finish_reason":"tool_calls"`),
		answers("a tool, by /v1", "/v1"+completions, withMembers(microModel, `"tools":[`+weatherTool+`],"tool_choice":"required"`), `"name":"weather.of/city"`),
		answers("a JSON schema", completions, withMembers(microModel, `"response_format":`+cityFormat), `\"city\":`),
		answers("reasoning", completions, withMembers(claudeModel, `"reasoning_effort":"low"`), `"reasoning_content":`),
		answers("vectors", "/embeddings", `{"model":"`+titanModel+`","input":["a gate","a door"],"dimensions":256}`, `"index":1`),
		telling(answers("what has no effect", completions, withMembers(microModel, `"frequency_penalty":0.1,"unheard_of":1,"max_tokens":99999`), `"content":`),
			"frequency_penalty, unheard_of; max_tokens=4096"),
		telling(answers("temperature beside top_p", completions, withMembers(claudeModel, `"temperature":0.5,"top_p":0.5`), `"content":`), "top_p; "),
		telling(answers("blank turns, and a blank stop", completions, strings.Replace(withMembers(claudeModel, `"stop":["\n"]`), `"messages":[`,
			`"messages":[{"role":"system","content":" "},{"role":"user","content":"Hi"},{"role":"assistant","content":""},`, 1), `"content":`), "stop; "),
		post("an image for a model without vision", completions, withImage(microModel), http.StatusUnprocessableEntity, "unsupported_by_model"),
		answers("an image", completions, withImage(claudeModel), `GIF of 1x1`),
		post("the body is cut", models, hello[:len(hello)-3], http.StatusBadRequest, "malformed_body"),
		post("a member twice", models, `{"messages":[],"messages":[]}`, http.StatusBadRequest, "malformed_body"),
		{name: "nothing at the path", method: http.MethodGet, path: "/nowhere", status: http.StatusNotFound, code: "not_found"},
		post("another model", models, strings.Replace(hello, "{", `{"model":"none",`, 1), http.StatusNotFound, "model_not_found"),
		{name: "a malformed path", method: http.MethodGet, path: models + "%00", status: http.StatusBadRequest, code: "malformed_request"},
		{name: "a long path", method: http.MethodGet, path: "/" + strings.Repeat("x", 1<<13), status: http.StatusRequestURITooLong, code: "target_too_long"},
		{name: "another method", method: http.MethodGet, path: completions, status: http.StatusMethodNotAllowed, code: "method_not_allowed"},
		direct(post("the body is too large", models, hello+strings.Repeat(" ", 1<<20), http.StatusRequestEntityTooLarge, "body_too_large")),
		direct(plainText),
		post("no messages", models, "{}", http.StatusUnprocessableEntity, "invalid_body"),
		answers("a stream", completions, withMembers(microModel, `"stream":true`), "data: [DONE]"),
		answers("a stream, by /v1", "/v1"+completions, withMembers(microModel, `"stream":true,"stream_options":{"include_usage":true}`), `"choices":[],"usage":{`),
		post("options of a stream without one", completions, withMembers(microModel, `"stream_options":{"include_usage":true}`), http.StatusUnprocessableEntity, "invalid_body"),
		// The HTTP API has no streams: requests for them come to it while an edge has an older configuration.
		direct(post("a stream, of the HTTP API", completions, withMembers(microModel, `"stream":true`), http.StatusUnprocessableEntity, "streaming_unsupported")),
		get("health, where answers are streamed", "/chat/healthz", `"status":"ok"`),
		during(post("Bedrock rejects it", models, hello, http.StatusUnprocessableEntity, "rejected_by_model"), fails(http.StatusBadRequest, "ValidationException")),
		during(post("Bedrock throttles", models, hello, http.StatusTooManyRequests, "rate_limit_exceeded"), fails(http.StatusTooManyRequests, "ThrottlingException")),
		direct(during(post("Bedrock fails", models, hello, http.StatusBadGateway, "model_failed"), fails(http.StatusInternalServerError, "InternalServerException"))),
		direct(during(post("Bedrock is away", models, hello, http.StatusServiceUnavailable, "model_unavailable"), fails(http.StatusServiceUnavailable, "ServiceUnavailableException"))),
		direct(during(post("Bedrock takes too long", models, hello, http.StatusGatewayTimeout, "model_timeout"), fails(http.StatusRequestTimeout, "ModelTimeoutException"))),
	}
}

// check returns the check of the request's response.
func (r request) check(a API) check.Check {
	want := strings.TrimSpace(fmt.Sprint(r.status, " ", r.code))
	return check.Check{Name: "API: " + r.name, Want: want, Run: func(ctx context.Context) (_ string, err error) {
		if r.bedrock != nil {
			f := *r.bedrock
			f.Principal = a.Role
			cloud := awsclient.Controls{Endpoint: a.Cloud}
			if err := cloud.SetFaults(ctx, []awsclient.Fault{f}); err != nil {
				return "", err
			}
			defer func() { err = errors.Join(err, cloud.SetFaults(context.WithoutCancel(ctx), nil)) }()
		}
		got, content, err := r.send(ctx, a)
		switch {
		case err != nil:
			return "", err
		case r.code == "":
			return "", r.verifySuccess(got, content)
		}
		return "", r.verifyProblem(got, content)
	}}
}

func (r request) send(ctx context.Context, a API) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	base := a.URL
	if r.direct {
		base = a.DirectURL
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, base+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, nil, err
	}
	if r.direct {
		key, err := a.Key(ctx)
		if err != nil {
			return nil, nil, err
		}
		sent.Header.Set(a.KeyHeader, key)
	}
	if !a.ClientKey.IsZero() {
		sent.Header.Set("Authorization", "Bearer "+a.ClientKey.Reveal())
	}
	if r.contentType != "" {
		sent.Header.Set("Content-Type", r.contentType)
	}
	got, err := http.DefaultClient.Do(sent)
	if err != nil {
		return nil, nil, err
	}
	defer got.Body.Close()
	content, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	return got, content, err
}

func (r request) verifySuccess(got *http.Response, content []byte) error {
	switch {
	case got.StatusCode != r.status || !bytes.Contains(content, []byte(r.has)):
		return fmt.Errorf("%d %s", got.StatusCode, content)
	case got.Header.Get("X-Request-Id") == "":
		return errors.New("no x-request-id")
	case r.told != "" && r.told != told(got.Header):
		return fmt.Errorf("told that there is no effect of %q", told(got.Header))
	}
	return nil
}

// told returns what a response says that it dropped; and clamped.
func told(header http.Header) string {
	return header.Get("X-Gatehouse-Dropped") + "; " + header.Get("X-Gatehouse-Clamped")
}

// verifyProblem verifies all that a client may rely on.
func (r request) verifyProblem(got *http.Response, content []byte) error {
	var p struct {
		Type, Title, Detail, Instance, Code string
		Status                              int
		Error                               struct{ Message, Type, Code string }
	}
	err := json.Unmarshal(content, &p)
	switch id := got.Header.Get("X-Request-Id"); {
	case err != nil || got.StatusCode != r.status:
		return fmt.Errorf("%d %s", got.StatusCode, content)
	case got.Header.Get("Content-Type") != "application/problem+json":
		return fmt.Errorf("%d as %s", got.StatusCode, got.Header.Get("Content-Type"))
	case p.Status != r.status || p.Type == "" || p.Title == "" || p.Detail == "":
		return fmt.Errorf("%d without its parts: %s", got.StatusCode, content)
	case p.Code != r.code || p.Error.Code != r.code || p.Error.Message == "" || p.Error.Type == "":
		return fmt.Errorf("%d with another code: %s", got.StatusCode, content)
	case id == "" || p.Instance != id:
		return fmt.Errorf("%d, instance %q, x-request-id %q", got.StatusCode, p.Instance, id)
	case r.status == http.StatusMethodNotAllowed && got.Header.Get("Allow") == "":
		return errors.New("405 without Allow")
	case r.status == http.StatusTooManyRequests && got.Header.Get("Retry-After") == "":
		return errors.New("429 without Retry-After")
	}
	return nil
}
