package smoke

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

// Target is the deployed stack.
type Target struct {
	DistributionURL string
	APIURL          string
	AWSEndpoint     string
	HeaderName      string // of the header that carries the origin key
	KeyPath         string // of the key ring in Parameter Store
	DomainName      string // of the distribution, that CloudFront gave it
	Alias           string // the distribution's own name
	APIName         string // that CloudFront reaches the API by
	APIPrefix       string // of the model API's paths

	// API proves the model API.
	API func(ctx context.Context, doing func(string)) []Row

	// Private is the model in the private network; its prefix is empty where there is
	// none.
	Private Private

	// Parts of the stack that are proven apart.
	Parts []Part
}

// Part proves a part of the stack.
type Part interface {
	Rows(ctx context.Context, doing func(string)) []Row
	// Secrets are values that may stand nowhere in clear, known when the rows are.
	Secrets() []string
}

// Stack is what the proof asks of the deployed stack's state.
type Stack interface {
	Preview(ctx context.Context, doing func(string)) (changes string, err error)
	Outputs(ctx context.Context) (values map[string]string, text string, err error)
}

// Run proves the slice. Every row is there whatever becomes of the others; an
// error means that it could not even begin.
func Run(ctx context.Context, l checkout.Layout, t Target, stack Stack, doing func(string)) ([]Row, error) {
	doing("reading the key ring")
	keys, err := awsclient.Keyring(ctx, t.AWSEndpoint, t.KeyPath)
	if err != nil {
		return nil, err
	}
	var rows []Row
	// The oldest key: a new one may not be known everywhere yet, and API Gateway would
	// remember the refusal.
	for _, r := range requests(t, keys[0]) {
		doing(r.name)
		rows = append(rows, r.send(ctx, t.HeaderName))
	}
	rows = append(rows, edge(ctx, t, doing)...)
	if t.API != nil {
		rows = append(rows, t.API(ctx, doing)...)
	}
	if t.Private.Prefix != "" {
		rows = append(rows, private(ctx, t, keys[0], doing)...)
	}
	secrets := keys
	for _, part := range t.Parts {
		rows = append(rows, part.Rows(ctx, doing)...)
		secrets = append(secrets, part.Secrets()...)
	}
	doing("previewing")
	rows = append(rows, preview(ctx, stack, doing))
	doing("looking for secrets")
	rows = append(rows, secrecy(ctx, l, t, stack, NewScanner(secrets))...)
	return rows, context.Cause(ctx)
}

func preview(ctx context.Context, stack Stack, doing func(string)) Row {
	row := Row{Name: "second preview", Expected: "no change"}
	start := time.Now()
	changes, err := stack.Preview(ctx, doing)
	row.Took = time.Since(start)
	row.Got, row.OK = changes, err == nil && changes == row.Expected
	if err != nil {
		row.Got += ": failed, see .local/logs/preview.log"
	}
	return row
}

// place is somewhere secrets must not stand in clear.
type place struct {
	name string
	unit string // of what is looked at
	scan func() (found []string, looked int, err error)
}

// secrecy looks for secrets wherever the local run or the stack writes. The
// preview's text is among the logs.
func secrecy(ctx context.Context, l checkout.Layout, t Target, stack Stack, s Scanner) []Row {
	places := []place{
		{"state", "files", func() ([]string, int, error) { return s.Files(l.State()) }},
		{"logs and preview", "files", func() ([]string, int, error) {
			return s.Files(l.Local("logs"), filepath.Join(l.PulumiHome(), "logs"))
		}},
		{"outputs", "outputs", func() ([]string, int, error) {
			values, text, err := stack.Outputs(ctx)
			if s.Found([]byte(text)) {
				return []string{"pulumi stack output"}, len(values), err
			}
			return nil, len(values), err
		}},
		{"CloudWatch Logs", "events", func() ([]string, int, error) { return ScanLogs(ctx, t.AWSEndpoint, s) }},
	}
	var rows []Row
	for _, p := range places {
		start := time.Now()
		found, looked, err := p.scan()
		row := Row{Name: "secret in clear in " + p.name, Expected: "nowhere", Took: time.Since(start)}
		switch {
		case err != nil:
			row.Got = Short(err.Error())
		case len(found) > 0:
			row.Got = "in " + strings.Join(found, ", ")
		default:
			// To have looked at nothing proves nothing.
			row.OK = looked > 0
			row.Got = fmt.Sprintf("in none of %d %s", looked, p.unit)
		}
		rows = append(rows, row)
	}
	return rows
}
