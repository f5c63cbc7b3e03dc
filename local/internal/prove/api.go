package prove

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/local/internal/process"
)

// API is the model API.
type API struct {
	Prefix string   // of its paths
	Client []string // runs OpenAI's client; the API's address is its last argument
	Role   string   // of the function behind it, as a part of its ARN
}

// apiTime is how long an answer may take: what an HTTP API waits.
const apiTime = 30 * time.Second

// question is a request to the API and what must come of it.
type question struct {
	name         string
	method, path string
	contentType  string
	body         string
	bedrock      *fault // what goes wrong with Bedrock meanwhile
	direct       bool   // not through CloudFront

	status int
	code   string // of the problem; "" for an answer
	says   string // what an answer must have in it
}

// fault is one that the local cloud makes on request.
type fault struct {
	Service   string `json:"service"`
	Principal string `json:"principal"`
	Mode      string `json:"mode"`
	Times     int    `json:"times"`
	Status    int    `json:"status"`
	Code      string `json:"code"`
}

// fails is a Bedrock that refuses requests with an error, more of them than anyone
// would repeat.
func fails(status int, code string) *fault {
	return &fault{Service: "bedrock-runtime", Mode: "error-before", Times: 10, Status: status, Code: code}
}

const asJSON = "application/json"

// questions show that every endpoint answers, and one of each kind of problem, but
// for bodies that are too large or of another type, which the edge refuses.
func questions() []question {
	post := func(name, path, body string, status int, code string) question {
		return question{name: name, method: http.MethodPost, path: path, contentType: asJSON, body: body, status: status, code: code}
	}
	get := func(name, path, says string) question {
		return question{name: name, method: http.MethodGet, path: path, status: http.StatusOK, says: says}
	}
	during := func(q question, f *fault) question { q.bedrock = f; return q }
	// CloudFront has documents of its own for these.
	direct := func(q question, f *fault) question { q.bedrock, q.direct = f, true; return q }
	const models, completions = "/models", "/chat/completions"
	once := fails(http.StatusTooManyRequests, "ThrottlingException")
	once.Times = 1
	return []question{
		get("the models", models, `"object":"list"`),
		get("health", "/healthz", `"status":"ok"`),
		get("readiness", "/readyz", `"status":"ready"`),
		get("the description", "/openapi.yaml", "openapi: 3.1"),
		during(question{name: "Bedrock throttles once", method: http.MethodPost, path: models, contentType: asJSON, body: body, status: http.StatusOK, says: `"text":`}, once),
		post("the body is cut", models, body[:len(body)-3], http.StatusBadRequest, "malformed_body"),
		post("a member twice", models, `{"messages":[],"messages":[]}`, http.StatusBadRequest, "malformed_body"),
		{name: "nothing at the path", method: http.MethodGet, path: "/nowhere", status: http.StatusNotFound, code: "not_found"},
		post("another model", models, strings.Replace(body, "{", `{"model":"none",`, 1), http.StatusNotFound, "model_not_found"),
		{name: "another method", method: http.MethodGet, path: completions, status: http.StatusMethodNotAllowed, code: "method_not_allowed"},
		post("no messages", models, "{}", http.StatusUnprocessableEntity, "invalid_body"),
		post("a stream", completions, strings.Replace(body, "{", `{"model":"m","stream":true,`, 1), http.StatusUnprocessableEntity, "streaming_unsupported"),
		during(post("Bedrock rejects it", models, body, http.StatusUnprocessableEntity, "rejected_by_model"), fails(http.StatusBadRequest, "ValidationException")),
		during(post("Bedrock throttles", models, body, http.StatusTooManyRequests, "rate_limit_exceeded"), fails(http.StatusTooManyRequests, "ThrottlingException")),
		direct(post("Bedrock fails", models, body, http.StatusBadGateway, "model_failed"), fails(http.StatusInternalServerError, "InternalServerException")),
		direct(post("Bedrock is away", models, body, http.StatusServiceUnavailable, "model_unavailable"), fails(http.StatusServiceUnavailable, "ServiceUnavailableException")),
		direct(post("Bedrock takes too long", models, body, http.StatusGatewayTimeout, "model_timeout"), fails(http.StatusRequestTimeout, "ModelTimeoutException")),
	}
}

// api proves the model API through CloudFront: its endpoints, its problems, and that
// OpenAI's client takes it for OpenAI's.
func api(ctx context.Context, t Target, key string, doing func(string)) []Row {
	var rows []Row
	for _, q := range questions() {
		doing("API: " + q.name)
		rows = append(rows, q.ask(ctx, t, key))
	}
	doing("API: OpenAI's client")
	return append(rows, openAIClient(ctx, t)...)
}

// ask asks the question and judges the answer.
func (q question) ask(ctx context.Context, t Target, key string) (row Row) {
	row = Row{Name: "API: " + q.name, Expected: strings.TrimSpace(fmt.Sprint(q.status, " ", q.code))}
	start := time.Now()
	defer func() { row.Took = time.Since(start) }()
	if q.bedrock != nil {
		f := *q.bedrock
		f.Principal = t.API.Role
		if err := setFaults(ctx, t.AWSEndpoint, f); err != nil {
			row.Got = short(err.Error())
			return row
		}
		defer func() {
			if err := setFaults(context.WithoutCancel(ctx), t.AWSEndpoint); err != nil {
				row.OK, row.Got = false, short(err.Error())
			}
		}()
	}
	header, base := http.Header{}, t.DistributionURL
	if q.direct {
		base = t.APIURL
		header.Set(t.HeaderName, key)
	}
	got, content, err := q.send(ctx, base+t.API.Prefix, header)
	if err == nil && q.code == "" {
		err = q.judgeAnswer(got, content)
	} else if err == nil {
		err = q.judgeProblem(got, content)
	}
	if err != nil {
		row.Got = short(err.Error())
		return row
	}
	row.OK, row.Got = true, row.Expected
	return row
}

func (q question) send(ctx context.Context, base string, header http.Header) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, q.method, base+q.path, strings.NewReader(q.body))
	if err != nil {
		return nil, nil, err
	}
	r.Header = header
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

// setFaults puts faults in place of those in force in the local cloud.
func setFaults(ctx context.Context, endpoint string, faults ...fault) error {
	if faults == nil {
		faults = []fault{}
	}
	text, err := json.Marshal(faults)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, apiTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, endpoint+"/_gatehouse/faults", bytes.NewReader(text))
	if err != nil {
		return err
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		content, _ := io.ReadAll(io.LimitReader(got.Body, 1<<10))
		return fmt.Errorf("the local cloud refuses a fault: %s", content)
	}
	return nil
}

// openAIClient lets OpenAI's own client ask, which judges by itself.
func openAIClient(ctx context.Context, t Target) []Row {
	failed := Row{Name: "OpenAI's client", Expected: "answers"}
	if len(t.API.Client) == 0 {
		failed.Got = "no client to run"
		return []Row{failed}
	}
	out, err := process.Output(ctx, "", os.Environ(), append(t.API.Client, t.DistributionURL+t.API.Prefix)...)
	var rows []Row
	for line := range strings.Lines(out) {
		var seen struct {
			Name, Expected, Got string
			OK                  bool
			MS                  int64
		}
		if json.Unmarshal([]byte(line), &seen) == nil {
			rows = append(rows, Row{
				Name: "OpenAI's client: " + seen.Name, Expected: seen.Expected, Got: short(seen.Got), OK: seen.OK,
				Took: time.Duration(seen.MS) * time.Millisecond,
			})
		}
	}
	if err != nil || len(rows) == 0 {
		failed.Got = short(fmt.Sprint(out, err))
		rows = append(rows, failed)
	}
	return rows
}
