package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/check"
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
}

// fails has Bedrock respond with an error, more often than a client would retry.
func fails(status int, code string) *awsclient.Fault {
	return &awsclient.Fault{Service: "bedrock-runtime", Mode: "error-before", Times: 10, Status: status, Code: code}
}

const (
	asJSON = "application/json"
	hello  = `{"messages":[{"role":"user","content":"Hello"}]}`
)

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
		during(request{name: "Bedrock throttles once", method: http.MethodPost, path: models, contentType: asJSON, body: hello, status: http.StatusOK, has: `"text":`}, once),
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
		post("a stream", completions, strings.Replace(hello, "{", `{"model":"m","stream":true,`, 1), http.StatusUnprocessableEntity, "streaming_unsupported"),
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
	}
	return nil
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
