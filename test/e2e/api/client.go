package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// clientCalls are the calls of test/e2e/clients/openai_client.py, each with the beginning
// of the outcome that it must have.
var clientCalls = []struct{ name, want string }{
	{"models.list()", "the model"},
	{"chat.completions.create()", "an answer"},
	{"…, with parts of content", "an answer"},
	{"…, continues with its answer", "an answer"},
	{"…, stream=True", "an answer"},
	{"…, another model", "404 model_not_found"},
	{"…, temperature=5", "422 invalid_body"},
}

// clientChecks check the calls of OpenAI's own client. The first of them runs the client
// once for all.
func (a API) clientChecks() []check.Check {
	var (
		once     sync.Once
		outcomes map[string]string
		failure  error
	)
	var checks []check.Check
	for _, call := range clientCalls {
		checks = append(checks, check.Check{Name: "OpenAI's client: " + call.name, Want: call.want, Run: func(ctx context.Context) (string, error) {
			once.Do(func() { outcomes, failure = a.runClient(ctx) })
			got, found := outcomes[call.name]
			switch {
			case len(outcomes) > len(clientCalls):
				return "", errors.New("openai_client.py makes calls that clientCalls does not have")
			case found && strings.HasPrefix(got, call.want):
				return got, nil
			case found:
				return "", errors.New(got)
			case failure != nil:
				return "", failure
			}
			return "", errors.New("OpenAI's client made no such call")
		}})
	}
	return checks
}

// anyKey is the text that OpenAI's client sends to an API that is open: it requires a key.
const anyKey = "any"

// runClient returns the outcome of each call. It returns those before an error too.
func (a API) runClient(ctx context.Context) (map[string]string, error) {
	out, err := process.Output(ctx, "", append(os.Environ(), "OPENAI_API_KEY="+cmp.Or(a.ClientKey.Reveal(), anyKey)), append(slices.Clone(a.Client), a.URL)...)
	outcomes := map[string]string{}
	for line := range strings.Lines(out) {
		var call struct{ Name, Got string }
		if problem := json.Unmarshal([]byte(line), &call); problem != nil {
			return outcomes, errors.Join(err, fmt.Errorf("OpenAI's client printed %q: %w", line, problem))
		}
		outcomes[call.Name] = call.Got
	}
	return outcomes, err
}
