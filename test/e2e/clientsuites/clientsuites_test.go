package clientsuites

import (
	"cmp"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// tables has the tables of the tests so far, for the end of the output.
var tables []string

func TestMain(m *testing.M) {
	code := m.Run()
	for _, table := range tables {
		fmt.Print("\n", table)
	}
	os.Exit(code)
}

// passThrough are members beyond OpenAI's API that the second backend takes.
var passThrough = []string{"top_k"}

// TestScriptedModel runs the suites against the scripted model itself, streams included:
// what fails here is no fault of the gateway.
func TestScriptedModel(t *testing.T) {
	l := e2etest.Checkout(t)
	server := startModel(t)
	for _, streams := range []bool{false, true} {
		target := scriptedTarget(server.URL + "/v1")
		target.Streams = streams
		run(t, l, fmt.Sprintf("scripted model, streams: %v", streams), target, Suites)
	}
}

// The models of Bedrock, by purpose.
const (
	bedrockChat      = "amazon.nova-micro-v1:0"
	bedrockVision    = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	bedrockEmbedding = "amazon.titan-embed-text-v2:0"
)

// maxTokens is more than Claude must be allowed to think, which the default is not.
const maxTokens = 4096

// TestBedrock runs the suites through CloudFront and the whole stack, with Bedrock. Clients
// may have /v1 at the end of their base URL.
func TestBedrock(t *testing.T) {
	e := e2etest.Attach(t)
	base := e.DistributionURL() + e.Outputs["apiPrefix"]
	e = e2etest.Deploy(t, e, map[string]any{
		"gatehouse:modelAllowedIds": []string{bedrockVision, bedrockEmbedding},
		"gatehouse:modelMaxTokens":  maxTokens,
	})
	target := Target{
		URL: base, Chat: bedrockChat, Vision: bedrockVision, Reasoning: bedrockVision, Embeddings: bedrockEmbedding,
		Key: keyOf(e), Streams: true, Gateway: true, Backend: "bedrock", PassThrough: []string{},
	}
	run(t, e.Checkout, "Bedrock", target, Suites)
	target.URL += "/v1"
	run(t, e.Checkout, "Bedrock, base URL with /v1", target, NodeSuites)
}

// TestSecondBackend runs the suites through CloudFront and the whole stack, with a server
// that speaks OpenAI's API, and rejects members that this doesn't have.
func TestSecondBackend(t *testing.T) {
	e := e2etest.Attach(t)
	server := startModel(t)
	e = e2etest.Deploy(t, e, map[string]any{
		"gatehouse:modelBackend": "openai", "gatehouse:modelBaseUrl": server.URL + "/v1",
		"gatehouse:modelId": scriptedmodel.Model, "gatehouse:modelAllowedIds": []string{scriptedmodel.Thinker, scriptedmodel.Embedder},
		"gatehouse:modelPrices":      e2etest.Prices(scriptedmodel.Model, scriptedmodel.Thinker, scriptedmodel.Embedder),
		"gatehouse:modelPassThrough": passThrough,
	})
	target := scriptedTarget(e.DistributionURL() + e.Outputs["apiPrefix"])
	target.Key, target.Gateway, target.Streams = keyOf(e), true, true
	run(t, e.Checkout, "second backend", target, Suites)
	target.URL += "/v1"
	run(t, e.Checkout, "second backend, base URL with /v1", target, NodeSuites)
}

// anyKey is the text that clients send to an API that is open: they require a key.
const anyKey = "any"

func keyOf(e *env.Environment) string { return cmp.Or(e.ClientKey.Reveal(), anyKey) }

// startModel starts a scripted model that rejects what OpenAI's API doesn't have.
func startModel(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(scriptedmodel.Handler(scriptedmodel.Options{Strict: true, Accepted: passThrough}))
	t.Cleanup(server.Close)
	return server
}

func scriptedTarget(url string) Target {
	return Target{
		URL: url, Key: anyKey, Chat: scriptedmodel.Model, Vision: scriptedmodel.Model, Reasoning: scriptedmodel.Model, Embeddings: scriptedmodel.Embedder,
		Backend: "openai", PassThrough: passThrough,
	}
}

// run runs suites, and reports each of their tests as one of Go's.
func run(t *testing.T, l checkout.Layout, title string, target Target, suites []string) {
	t.Helper()
	if err := install(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	results, err := Runner{l}.Run(t.Context(), target, suites)
	if err != nil {
		t.Error(err)
	}
	tables = append(tables, Table(title, results))
	for _, one := range results {
		t.Run(title+"/"+one.Suite+"/"+one.Name, func(t *testing.T) {
			switch one.Outcome {
			case Failed:
				t.Error(one.Detail)
			case Skipped:
				t.Skip(one.Detail)
			}
		})
	}
}

// install installs the packages of the suites.
func install(ctx context.Context, l checkout.Layout) error {
	if err := l.Prepare(); err != nil {
		return err
	}
	b, err := env.NewBuild(ctx, l)
	if err != nil {
		return err
	}
	return b.SuitePackages(ctx, nil)
}
