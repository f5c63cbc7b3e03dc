package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// Options are what the user chooses.
type Options struct {
	Seconds int // that schemathesis may take
}

// test is one run.
type test struct {
	options Options
	show    *progress.Display
	layout  checkout.Layout
	stack   localstack.Stack
	api     API
}

// Run tests the model API of the stack for longer than `make local` does: with
// requests made from its description, with a model that is too slow, and with a
// second backend.
func Run(ctx context.Context, show *progress.Display, s localstack.Stack, api API, o Options) error {
	t := &test{options: o, show: show, layout: s.Layout, stack: s, api: api}
	for _, step := range []struct {
		name string
		run  func(context.Context, *progress.Step) error
	}{
		{"description", t.description},
		{"deadline", t.deadline},
		{"second backend", t.secondBackend},
	} {
		if err := show.Step(ctx, step.name, step.run); err != nil {
			return err
		}
	}
	return nil
}

// deploy deploys the stack with settings beside those that it has.
func (t *test) deploy(ctx context.Context, s *progress.Step, settings map[string]any) error {
	_, err := t.stack.UpWith(ctx, settings, func(text string) { s.Doing("%s", text) })
	return err
}

// print shows rows, and fails if one is not as it has to be.
func (t *test) print(rows []smoke.Row) error {
	var table strings.Builder
	smoke.Print(&table, rows)
	t.show.Say("%s", strings.TrimRight(table.String(), "\n"))
	if !smoke.Passed(rows) {
		return fmt.Errorf("not all of it behaves as it must: %w", failed(rows))
	}
	return nil
}
