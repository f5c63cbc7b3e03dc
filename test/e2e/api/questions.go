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
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// question is a request to the API and what must come of it.
type question struct {
	name         string
	method, path string
	contentType  string
	body         string
	bedrock      *awsclient.Fault // what goes wrong with Bedrock meanwhile
	direct       bool             // past CloudFront, which would answer it by itself

	status int
	code   string // of the problem; "" for an answer
	says   string // what an answer must have in it
}

// fails is a Bedrock that refuses requests with an error, more of them than anyone
// would repeat.
func fails(status int, code string) *awsclient.Fault {
	return &awsclient.Fault{Service: "bedrock-runtime", Mode: "error-before", Times: 10, Status: status, Code: code}
}

const (
	asJSON = "application/json"
	hello  = `{"messages":[{"role":"user","content":"Hello"}]}`
)

// questions show that every endpoint answers, and one of each kind of problem.
func questions() []question {
	post := func(name, path, body string, status int, code string) question {
		return question{name: name, method: http.MethodPost, path: path, contentType: asJSON, body: body, status: status, code: code}
	}
	get := func(name, path, says string) question {
		return question{name: name, method: http.MethodGet, path: path, status: http.StatusOK, says: says}
	}
	during := func(q question, f *awsclient.Fault) question { q.bedrock = f; return q }
	direct := func(q question) question { q.direct = true; return q }
	const models, completions = "/models", "/chat/completions"
	once := fails(http.StatusTooManyRequests, "ThrottlingException")
	once.Times = 1
	text := post("the body is text", models, hello, http.StatusUnsupportedMediaType, "unsupported_media_type")
	text.contentType = "text/plain"
	return []question{
		get("the models", models, `"object":"list"`),
		get("health", "/healthz", `"status":"ok"`),
		get("readiness", "/readyz", `"status":"ready"`),
		get("the description", "/openapi.yaml", "openapi: 3.1"),
		during(question{name: "Bedrock throttles once", method: http.MethodPost, path: models, contentType: asJSON, body: hello, status: http.StatusOK, says: `"text":`}, once),
		post("the body is cut", models, hello[:len(hello)-3], http.StatusBadRequest, "malformed_body"),
		post("a member twice", models, `{"messages":[],"messages":[]}`, http.StatusBadRequest, "malformed_body"),
		{name: "nothing at the path", method: http.MethodGet, path: "/nowhere", status: http.StatusNotFound, code: "not_found"},
		post("another model", models, strings.Replace(hello, "{", `{"model":"none",`, 1), http.StatusNotFound, "model_not_found"),
		{name: "a malformed path", method: http.MethodGet, path: models + "%00", status: http.StatusBadRequest, code: "malformed_request"},
		{name: "a long path", method: http.MethodGet, path: "/" + strings.Repeat("x", 1<<13), status: http.StatusRequestURITooLong, code: "target_too_long"},
		{name: "another method", method: http.MethodGet, path: completions, status: http.StatusMethodNotAllowed, code: "method_not_allowed"},
		direct(post("the body is too large", models, hello+strings.Repeat(" ", 1<<20), http.StatusRequestEntityTooLarge, "body_too_large")),
		direct(text),
		post("no messages", models, "{}", http.StatusUnprocessableEntity, "invalid_body"),
		post("a stream", completions, strings.Replace(hello, "{", `{"model":"m","stream":true,`, 1), http.StatusUnprocessableEntity, "streaming_unsupported"),
		during(post("Bedrock rejects it", models, hello, http.StatusUnprocessableEntity, "rejected_by_model"), fails(http.StatusBadRequest, "ValidationException")),
		during(post("Bedrock throttles", models, hello, http.StatusTooManyRequests, "rate_limit_exceeded"), fails(http.StatusTooManyRequests, "ThrottlingException")),
		direct(during(post("Bedrock fails", models, hello, http.StatusBadGateway, "model_failed"), fails(http.StatusInternalServerError, "InternalServerException"))),
		direct(during(post("Bedrock is away", models, hello, http.StatusServiceUnavailable, "model_unavailable"), fails(http.StatusServiceUnavailable, "ServiceUnavailableException"))),
		direct(during(post("Bedrock takes too long", models, hello, http.StatusGatewayTimeout, "model_timeout"), fails(http.StatusRequestTimeout, "ModelTimeoutException"))),
	}
}

// ask asks the question and judges the answer.
func (q question) ask(ctx context.Context, a API) (row smoke.Row) {
	row = smoke.Row{Name: "API: " + q.name, Expected: strings.TrimSpace(fmt.Sprint(q.status, " ", q.code))}
	start := time.Now()
	defer func() { row.Took = time.Since(start) }()
	if q.bedrock != nil {
		f := *q.bedrock
		f.Principal = a.Role
		cloud := awsclient.Controls{Endpoint: a.Cloud}
		if err := cloud.SetFaults(ctx, []awsclient.Fault{f}); err != nil {
			row.Got = smoke.Short(err.Error())
			return row
		}
		defer func() {
			if err := cloud.SetFaults(context.WithoutCancel(ctx), nil); err != nil {
				row.OK, row.Got = false, smoke.Short(err.Error())
			}
		}()
	}
	got, content, err := q.send(ctx, a)
	if err == nil && q.code == "" {
		err = q.judgeAnswer(got, content)
	} else if err == nil {
		err = q.judgeProblem(got, content)
	}
	if err != nil {
		row.Got = smoke.Short(err.Error())
		return row
	}
	row.OK, row.Got = true, row.Expected
	return row
}

func (q question) send(ctx context.Context, a API) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	base := a.URL
	if q.direct {
		base = a.DirectURL
	}
	r, err := http.NewRequestWithContext(ctx, q.method, base+q.path, strings.NewReader(q.body))
	if err != nil {
		return nil, nil, err
	}
	if q.direct {
		key, err := a.Key(ctx)
		if err != nil {
			return nil, nil, err
		}
		r.Header.Set(a.KeyHeader, key)
	}
	if q.contentType != "" {
		r.Header.Set("Content-Type", q.contentType)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer got.Body.Close()
	content, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	return got, content, err
}

func (q question) judgeAnswer(got *http.Response, content []byte) error {
	switch {
	case got.StatusCode != q.status || !bytes.Contains(content, []byte(q.says)):
		return fmt.Errorf("%d %s", got.StatusCode, content)
	case got.Header.Get("X-Request-Id") == "":
		return errors.New("no x-request-id")
	}
	return nil
}

// judgeProblem looks for all that a client may rely on.
func (q question) judgeProblem(got *http.Response, content []byte) error {
	var p struct {
		Type, Title, Detail, Instance, Code string
		Status                              int
		Error                               struct{ Message, Type, Code string }
	}
	err := json.Unmarshal(content, &p)
	switch id := got.Header.Get("X-Request-Id"); {
	case err != nil || got.StatusCode != q.status:
		return fmt.Errorf("%d %s", got.StatusCode, content)
	case got.Header.Get("Content-Type") != "application/problem+json":
		return fmt.Errorf("%d as %s", got.StatusCode, got.Header.Get("Content-Type"))
	case p.Status != q.status || p.Type == "" || p.Title == "" || p.Detail == "":
		return fmt.Errorf("%d without its parts: %s", got.StatusCode, content)
	case p.Code != q.code || p.Error.Code != q.code || p.Error.Message == "" || p.Error.Type == "":
		return fmt.Errorf("%d with another code: %s", got.StatusCode, content)
	case id == "" || p.Instance != id:
		return fmt.Errorf("%d, instance %q, x-request-id %q", got.StatusCode, p.Instance, id)
	case q.status == http.StatusMethodNotAllowed && got.Header.Get("Allow") == "":
		return errors.New("405 without Allow")
	case q.status == http.StatusTooManyRequests && got.Header.Get("Retry-After") == "":
		return errors.New("429 without Retry-After")
	}
	return nil
}
