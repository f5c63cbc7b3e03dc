package streaming

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
)

// failure is a backend's failure before it sends anything, and the response to that.
type failure struct {
	name string

	bedrock      int // status and code of Bedrock
	bedrockCode  string
	openAIStatus int // of a server that speaks OpenAI's API

	status int
	code   string
	direct bool // bypassing CloudFront, which would respond itself
}

var failures = []failure{
	{"busy", http.StatusTooManyRequests, "ThrottlingException", http.StatusTooManyRequests, http.StatusTooManyRequests, "rate_limit_exceeded", false},
	{"rejected", http.StatusBadRequest, "ValidationException", http.StatusBadRequest, http.StatusUnprocessableEntity, "rejected_by_model", false},
	{"away", http.StatusServiceUnavailable, "ServiceUnavailableException", http.StatusServiceUnavailable, http.StatusServiceUnavailable, "model_unavailable", true},
	{"not authorized", http.StatusForbidden, "AccessDeniedException", http.StatusUnauthorized, http.StatusBadGateway, "model_failed", true},
}

// bedrockFails has Bedrock fail, more often than the function retries.
func (s *suite) bedrockFails(ctx context.Context, f failure) (restore func(context.Context) error, err error) {
	fault := awsclient.Fault{Service: "bedrock-runtime", Principal: functionName, Mode: "error-before", Times: 10, Status: f.bedrock, Code: f.bedrockCode}
	restore = func(ctx context.Context) error { return s.cloud.SetFaults(ctx, nil) }
	return restore, s.cloud.SetFaults(ctx, []awsclient.Fault{fault})
}

// backend is a server that speaks OpenAI's API: the scripted model, which fails on demand.
type backend struct {
	model  http.Handler
	status atomic.Int64 // of every response; 0 for the model's own
}

func newBackend() *backend {
	return &backend{model: scriptedmodel.Handler(scriptedmodel.Options{Strict: true})}
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status := int(b.status.Load()); status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"error":{"message":"No.","type":"test","param":null,"code":null}}`))
		return
	}
	b.model.ServeHTTP(w, r)
}

// fails has the server fail.
func (b *backend) fails(_ context.Context, f failure) (restore func(context.Context) error, err error) {
	b.status.Store(int64(f.openAIStatus))
	return func(context.Context) error { b.status.Store(0); return nil }, nil
}
