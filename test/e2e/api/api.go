// Package apitest proves the model API of the local stack from outside: its
// endpoints and problems, with OpenAI's client and with requests made from its own
// description, and with a second backend.
package api

import (
	"context"
	"time"

	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// answerTime is how long an answer may take: what an HTTP API waits.
const answerTime = 30 * time.Second

// API is the model API of the deployed stack.
type API struct {
	URL       string // through CloudFront, with the prefix
	DirectURL string // past it
	KeyHeader string // that opens the direct way
	Key       func(context.Context) (string, error)

	Cloud  string   // the local cloud's endpoint
	Role   string   // of the function behind the API, as a part of its ARN
	Client []string // runs OpenAI's client, with the API's address as last argument
}

// Rows prove every endpoint, one of each kind of problem, and that OpenAI's client
// takes the API for OpenAI's.
func (a API) Rows(ctx context.Context, doing func(string)) []smoke.Row {
	var rows []smoke.Row
	for _, q := range questions() {
		doing("API: " + q.name)
		rows = append(rows, q.ask(ctx, a))
	}
	doing("API: OpenAI's client")
	return append(rows, openAIClient(ctx, a)...)
}
