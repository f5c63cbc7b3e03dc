package bench

import (
	"encoding/json"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// shownStep is the shortest duration of a step that is shown, in seconds.
const shownStep = 1

// The goals for what is done again and again, in seconds.
const (
	againGoal     = 45
	testAgainGoal = 25
)

// Run has the duration of one `make local`.
type Run struct {
	Seconds float64
	Steps   []progress.Took
}

// rows returns the total and the steps that take long enough to be shown.
func (r Run) rows(name string, most float64) []Row {
	return append([]Row{{Figure: name, Unit: "s", Ours: r.Seconds, Goal: atMost(most)}}, r.steps(name)...)
}

// steps returns a row for each step that takes long enough to be shown, and none for the
// milestones.
func (r Run) steps(name string) (rows []Row) {
	for _, step := range r.Steps {
		if step.Seconds >= shownStep && step.Step != FirstResponse && step.Step != AllChecked {
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
	}, p.Up.rows("make local, again", againGoal)...)
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

// Tests returns the row of a run of the tests.
func Tests(seconds float64) Row {
	return Row{Figure: "make test, warm", Unit: "s", Ours: seconds, Goal: atMost(testAgainGoal)}
}
