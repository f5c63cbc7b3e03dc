package bench

import (
	"encoding/json"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// shownStep is the shortest duration of a step that is shown, in seconds.
const shownStep = 1

// Run has the duration of one `make local`.
type Run struct {
	Seconds float64
	Steps   []progress.Took
}

// rows returns the total and the steps that take long enough to be shown.
func (r Run) rows(name string, most float64) []Row {
	rows := []Row{{Figure: name, Unit: "s", Ours: r.Seconds, Goal: atMost(most)}}
	for _, step := range r.Steps {
		if step.Seconds >= shownStep {
			rows = append(rows, Row{Figure: name + ": " + step.Step, Unit: "s", Ours: step.Seconds})
		}
	}
	return rows
}

// Program has the measurements of the program on a stack that has nothing to change.
type Program struct {
	Up                    Run
	Previews, Deployments []float64 // seconds
	Resources             int
}

// Rows returns the rows of the table.
func (p Program) Rows() []Row {
	return append([]Row{
		{Figure: "pulumi preview, nothing to change", Unit: "s", Ours: median(p.Previews), Goal: atMost(10)},
		{Figure: "pulumi up, nothing to change", Unit: "s", Ours: median(p.Deployments)},
		{Figure: "resources in the engine", Ours: float64(p.Resources)},
	}, p.Up.rows("make local, again", 60)...)
}

// Resources counts the resources in a stack's exported state.
func Resources(state []byte) (int, error) {
	var exported struct {
		Deployment struct{ Resources []json.RawMessage }
	}
	if err := json.Unmarshal(state, &exported); err != nil {
		return 0, fmt.Errorf("the stack's state: %w", err)
	}
	return len(exported.Deployment.Resources), nil
}

// Cold has the measurements of a fresh clone.
type Cold struct {
	Up         Run
	PeakMemory int64   // bytes
	Tests      float64 // seconds
}

// Rows returns the rows of the table.
func (c Cold) Rows() []Row {
	return append(c.Up.rows("make local, fresh clone", 15*60),
		Row{Figure: "peak memory of a compiler", Unit: "MiB", Ours: float64(c.PeakMemory) / (1 << 20)},
		Row{Figure: "make test after it, the first time", Unit: "s", Ours: c.Tests})
}

// Tests returns the row of a run of the tests.
func Tests(seconds float64) Row {
	return Row{Figure: "make test, warm", Unit: "s", Ours: seconds, Goal: atMost(30)}
}
