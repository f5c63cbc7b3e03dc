package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// TestModelDeadline checks the response when the model takes longer than an HTTP API waits:
// the function itself responds, just before.
func TestModelDeadline(t *testing.T) {
	a := New(e2etest.Attach(t))
	result := request{
		name: "a model that takes a minute", method: http.MethodPost, path: "/models", contentType: asJSON, body: hello,
		bedrock: &awsclient.Fault{Service: "bedrock-runtime", Mode: "delay", Times: 1, Seconds: 60},
		direct:  true, status: http.StatusGatewayTimeout, code: "model_timeout",
	}.check(a).Do(t.Context())
	if result.Err != nil {
		t.Fatalf("want %s, got %v", result.Want, result.Err)
	}
	if result.Took < 25*time.Second {
		t.Errorf("the response came after %s already", result.Took)
	}
	t.Logf("%s after %s", result.Got, result.Took.Round(100*time.Millisecond))
}
