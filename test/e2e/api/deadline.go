package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// deadline shows what a client is told when the model takes longer than an HTTP API
// waits: the function says so itself, just before.
func (t *test) deadline(ctx context.Context, s *progress.Step) error {
	slow := &awsclient.Fault{Service: "bedrock-runtime", Mode: "delay", Times: 1, Seconds: 60}
	row := question{
		name: "a model that takes a minute", method: http.MethodPost, path: "/models", contentType: asJSON, body: hello,
		bedrock: slow, direct: true, status: http.StatusGatewayTimeout, code: "model_timeout",
	}.ask(ctx, t.api)
	if !row.OK {
		return errors.New(row.Got)
	}
	if row.Took < 25*time.Second {
		return fmt.Errorf("it came after %s already", row.Took)
	}
	s.Note("%s after %s", row.Got, row.Took.Round(100*time.Millisecond))
	return nil
}

// failed is what is wrong with rows, in one error.
func failed(rows []smoke.Row) error {
	var all []error
	for _, row := range rows {
		if !row.OK {
			all = append(all, fmt.Errorf("%s: want %s, got %s", row.Name, row.Expected, row.Got))
		}
	}
	return errors.Join(all...)
}
