package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// asFunction is the environment variable with which the test's binary is the function.
const asFunction = "GATEHOUSE_TEST_AS_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(asFunction) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// runtimeAPI is Lambda's Runtime API for one function, with one invocation.
type runtimeAPI struct {
	event     []byte
	invoked   bool
	responses chan *http.Request // posted by the function; its body is read by the test
	read      chan struct{}      // closed once the test has read the response
	idle      chan struct{}      // closed when the function asks for the next invocation
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost:
		a.responses <- r
		<-a.read
		w.WriteHeader(http.StatusAccepted)
	case a.invoked:
		close(a.idle)
		<-r.Context().Done()
	default:
		a.invoked = true
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
		_, _ = w.Write(a.event)
	}
}

// paced is a model's server that sends a token whenever the test has one.
type paced chan string

func (p paced) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	for token := range p {
		_, _ = io.WriteString(w, token)
		_ = http.NewResponseController(w).Flush()
	}
}

// TestFunctionStreams checks the function as a process, with aws-lambda-go's own client of
// the Runtime API: the head leaves before there is a second token, and each token before
// the next exists.
func TestFunctionStreams(t *testing.T) {
	tokens := make(paced)
	model := httptest.NewServer(tokens)
	t.Cleanup(model.Close)
	end := sync.OnceFunc(func() { close(tokens) })
	t.Cleanup(end)
	event, err := json.Marshal(map[string]any{
		"path": "/api/chat/completions", "httpMethod": "POST", "multiValueHeaders": map[string][]string{"Content-Type": {"application/json"}},
		"body":           `{"model":"llama3.2","messages":[{"role":"user","content":"Hello"}],"stream":true}`,
		"requestContext": map[string]any{"requestId": "8476a536", "authorizer": map[string]any{"originKey": "k-1"}},
	})
	require.NoError(t, err)
	api := &runtimeAPI{event: event, responses: make(chan *http.Request), read: make(chan struct{}), idle: make(chan struct{})}
	runtime := httptest.NewServer(api)
	t.Cleanup(runtime.Close)
	finish := sync.OnceFunc(func() { close(api.read) })
	t.Cleanup(finish)
	log := startFunction(t, runtime.URL, model.URL)

	tokens <- chunkOf(`{"content":"one"}`, "null")
	var posted *http.Request
	select {
	case posted = <-api.responses:
	case <-t.Context().Done():
		t.Fatal("no response")
	}
	assert.Equal(t, "/2018-06-01/runtime/invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/response", posted.URL.Path)
	assert.Equal(t, "application/vnd.awslambda.http-integration-response", posted.Header.Get("Content-Type"))
	body := &collected{from: posted.Body}
	body.until(t, `"content":"one"`)
	prelude, events, found := strings.Cut(body.text.String(), strings.Repeat("\x00", 8))
	require.True(t, found)
	assert.JSONEq(t, `{"statusCode": 200, "headers": {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store, no-transform",
		"x-accel-buffering": "no", "x-request-id": "8476a536"}}`, prelude)
	assert.True(t, strings.HasPrefix(events, "data: {"), events)

	tokens <- chunkOf(`{"content":"two"}`, "null")
	body.until(t, `"content":"two"`)
	tokens <- chunkOf(`{}`, `"stop"`)
	end()
	body.until(t, "data: [DONE]\n\n")
	_, err = posted.Body.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	assert.Empty(t, posted.Trailer.Get("Lambda-Runtime-Function-Error-Type"))
	logged, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(logged), `"firstTokenMilliseconds"`, "the log is written before the body ends")
	finish()
	<-api.idle
}

// collected is what was read of a body.
type collected struct {
	from io.Reader
	text bytes.Buffer
}

// until reads until there is a text.
func (c *collected) until(t *testing.T, want string) {
	t.Helper()
	piece := make([]byte, 1<<12)
	for !strings.Contains(c.text.String(), want) {
		n, err := c.from.Read(piece)
		c.text.Write(piece[:n])
		if !strings.Contains(c.text.String(), want) {
			require.NoError(t, err, c.text.String())
		}
	}
}

func chunkOf(delta, finishReason string) string {
	return `data: {"choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + finishReason + `}]}` + "\n\n"
}

// startFunction starts the function for a model's server, and returns the path of its log.
func startFunction(t *testing.T, runtimeURL, modelURL string) string {
	t.Helper()
	env := lambdaenv.Model{
		Stack: "gatehouse-test", APIPrefix: "/api", Backend: lambdaenv.BackendOpenAI, BaseURL: modelURL + "/v1", ModelIDs: []string{"llama3.2"}, MaxTokens: 100,
		MaxBody: 1 << 20, Streaming: true, Heartbeat: 15 * time.Second, AnswerTimeout: 40 * time.Second,
	}
	self, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	function := exec.CommandContext(ctx, self)
	function.Env = append(os.Environ(), asFunction+"=1", "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(runtimeURL, "http://"), "AWS_REGION=eu-west-1")
	for name, value := range env.Variables() {
		function.Env = append(function.Env, name+"="+value)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	function.Stdout, function.Stderr = log, os.Stderr
	require.NoError(t, function.Start())
	t.Cleanup(func() {
		cancel()
		_ = function.Wait()
		_ = log.Close()
	})
	return log.Name()
}
