// Package clientsuites runs client libraries against the model API, as they are published:
// LangChain's tests of integrations, OpenAI's clients for Python and Node, LiteLLM and the
// AI SDK. Tests that don't run have their reason beside them, in python/skips.py or in node/target.mjs.
package clientsuites

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// Target is an API and what it has. The suites get it as JSON in an environment variable.
type Target struct {
	URL string `json:"url"` // with the prefix, as clients have it for their base URL

	Key string `json:"key"` // that requests need, or any text if they need none

	// The models, by purpose.
	Chat       string `json:"chat"`
	Vision     string `json:"vision"`
	Reasoning  string `json:"reasoning"`
	Embeddings string `json:"embeddings"`

	Streams     bool     `json:"streams"`     // whether the API streams
	Gateway     bool     `json:"gateway"`     // whether it is Gatehouse, or else the scripted model itself
	Backend     string   `json:"backend"`     // as the setting modelBackend
	PassThrough []string `json:"passThrough"` // as the setting modelPassThrough
}

// variable names the environment variable with the target.
const variable = "CLIENT_SUITES"

// Outcomes of a test.
const (
	Passed  = "passed"
	Skipped = "skipped"
	Failed  = "failed"
)

// Result is the outcome of a test of a suite.
type Result struct{ Suite, Name, Outcome, Detail string }

// Suites has the names of the suites. Each is a file of tests, in the folder of its language.
var Suites = []string{"langchain", "openai_python", "litellm", "openai_node", "ai_sdk"}

// NodeSuites has those of Node, which take seconds.
var NodeSuites = Suites[3:]

// Runner runs suites with the packages that were installed in a checkout.
type Runner struct{ Layout checkout.Layout }

// Run runs some of the suites against a target and returns the outcome of each test. A
// failed test is no error; a suite that has no outcome is one.
func (r Runner) Run(ctx context.Context, t Target, suites []string) ([]Result, error) {
	described, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(), variable+"="+string(described), "OTEL_SDK_DISABLED=true", "LANGSMITH_TRACING=false", "LITELLM_LOCAL_MODEL_COST_MAP=True",
		"PYTHONDONTWRITEBYTECODE=", "PYTHONPYCACHEPREFIX="+r.Layout.Local(checkout.SuitesVenv, "compiled"))
	if err := r.copyTests(); err != nil {
		return nil, err
	}
	results := make([][]Result, len(suites))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for i, suite := range suites {
		group.Go(func() (err error) {
			results[i], err = r.one(ctx, suite, env)
			return err
		})
	}
	err = group.Wait()
	return slices.Concat(results...), err
}

// one runs a suite.
func (r Runner) one(ctx context.Context, suite string, env []string) ([]Result, error) {
	dir, args := r.command(suite)
	out, err := process.Output(ctx, dir, env, args...)
	results, parseErr := parse(out)
	failed := slices.ContainsFunc(results, func(one Result) bool { return one.Outcome == Failed })
	switch {
	case parseErr != nil:
		return results, fmt.Errorf("suite %s: %w", suite, errors.Join(parseErr, err))
	case len(results) == 0:
		return nil, fmt.Errorf("suite %s has no outcome: %w", suite, errors.Join(err, errors.New(out)))
	case err != nil && !failed:
		return results, fmt.Errorf("suite %s: %w", suite, err)
	}
	return results, nil
}

// command returns how a suite is run, and where.
func (r Runner) command(suite string) (dir string, args []string) {
	if slices.Contains(NodeSuites, suite) {
		return r.Layout.Local(checkout.SuitesNode), []string{"node", "--test", "--test-reporter=./reporter.mjs", suite + ".test.mjs"}
	}
	return r.folder("python"), []string{r.Layout.Python(checkout.SuitesVenv), "-m", "pytest", "--quiet", "--tb=short", "test_" + suite + ".py"}
}

func (r Runner) folder(language string) string {
	return filepath.Join(r.Layout.Root, "test", "e2e", "clientsuites", language)
}

// copyTests copies the tests for Node to their packages: an import looks for these in the
// folders above the file.
func (r Runner) copyTests() error {
	files, err := filepath.Glob(filepath.Join(r.folder("node"), "*.mjs"))
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := checkout.WriteFile(r.Layout.Local(checkout.SuitesNode, filepath.Base(file)), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// marker begins a line with a result, in what a suite prints.
const marker = "RESULT "

// parse returns the results in what a suite printed.
func parse(out string) (all []Result, err error) {
	for line := range strings.Lines(out) {
		text, found := strings.CutPrefix(line, marker)
		if !found {
			continue
		}
		var one Result
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return all, fmt.Errorf("%q: %w", line, err)
		}
		if !slices.Contains([]string{Passed, Skipped, Failed}, one.Outcome) {
			return all, fmt.Errorf("%q has no outcome that is known", line)
		}
		all = append(all, one)
	}
	return all, nil
}

// Table returns a table of the results, a line for each suite, in the order in which they
// first occur.
func Table(title string, results []Result) string {
	counts := map[string]map[string]int{}
	var order []string
	for _, one := range results {
		if counts[one.Suite] == nil {
			counts[one.Suite] = map[string]int{}
			order = append(order, one.Suite)
		}
		counts[one.Suite][one.Outcome]++
	}
	var table bytes.Buffer
	fmt.Fprintf(&table, "%-36s %7s %7s %7s\n", title, Passed, Skipped, Failed)
	for _, suite := range order {
		c := counts[suite]
		fmt.Fprintf(&table, "  %-34s %7d %7d %7d\n", suite, c[Passed], c[Skipped], c[Failed])
	}
	return table.String()
}
