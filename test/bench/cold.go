package bench

import "github.com/gatehouse-iac/gatehouse/sandbox/memory"

// Milestones of `make local`, among its steps. Their seconds are counted from the start of
// the driver, which the command compiles before, and not from that of a step.
const (
	FirstResponse = "first response" // the API has responded to requests as it must
	AllChecked    = "all checked"    // all checks have passed
)

// Cold has the measurements of a fresh clone on a machine with empty caches.
type Cold struct {
	Up, Again             Run
	UpMemory, TestMemory  memory.Peak
	TestsCold, TestsAgain float64 // seconds
}

// Rows returns the rows of the table.
func (c Cold) Rows() []Row {
	driver := c.Up.Seconds - c.Up.milestone(AllChecked)
	rows := []Row{
		{Figure: "make local, fresh clone: first response", Unit: "s", Ours: driver + c.Up.milestone(FirstResponse), Goal: atMost(7 * 60)},
		{Figure: "make local, fresh clone: all checked", Unit: "s", Ours: c.Up.Seconds, Goal: atMost(10 * 60)},
		{Figure: "make local, fresh clone: driver", Unit: "s", Ours: driver},
	}
	rows = append(rows, c.Up.steps("make local, fresh clone")...)
	rows = append(rows, memoryRows("make local, fresh clone", c.UpMemory)...)
	rows = append(rows,
		Row{Figure: "make local after it", Unit: "s", Ours: c.Again.Seconds, Goal: atMost(againGoal)},
		Row{Figure: "make test, another fresh clone", Unit: "s", Ours: c.TestsCold, Goal: atMost(6 * 60)})
	rows = append(rows, memoryRows("make test, another fresh clone", c.TestMemory)...)
	return append(rows, Row{Figure: "make test after it", Unit: "s", Ours: c.TestsAgain, Goal: atMost(testAgainGoal)})
}

// milestone returns when a milestone was reached, in seconds. A run that did not note it
// had reached it when it ended.
func (r Run) milestone(name string) float64 {
	for _, step := range r.Steps {
		if step.Step == name {
			return step.Seconds
		}
	}
	return r.Seconds
}

// memoryGoal is in MiB.
const memoryGoal = 6 << 10

// memoryRows returns the rows of one command's memory.
func memoryRows(name string, peak memory.Peak) []Row {
	return []Row{
		{Figure: name + ": peak memory", Unit: "MiB", Ours: float64(peak.All) / mebibyte, Goal: atMost(memoryGoal)},
		{Figure: name + ": peak memory of a process", Unit: "MiB", Ours: float64(peak.Largest) / mebibyte},
	}
}
