package bench

import (
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/memory"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

func TestColdRows(t *testing.T) {
	steps := []progress.Took{{Step: "tools", Seconds: 0.2}, {Step: "deploy", Seconds: 95}, {Step: FirstResponse, Seconds: 400}, {Step: AllChecked, Seconds: 601}}
	cold := Cold{
		Up: Run{Seconds: 651, Steps: steps}, Again: Run{Seconds: 40}, TestsCold: 300, TestsAgain: 26,
		UpMemory: memory.Peak{All: 5 << 30, Largest: 3 << 30}, TestMemory: memory.Peak{All: 7 << 30, Largest: 4 << 30},
	}
	compareFigures(t, cold.Rows(), `make local, fresh clone: first response; 450 s; ; ≤ 420, MISSED
make local, fresh clone: all checked; 651 s; ; ≤ 600, MISSED
make local, fresh clone: driver; 50 s; ; 
make local, fresh clone: deploy; 95 s; ; 
make local, fresh clone: peak memory; 5 120 MiB; ; ≤ 6144, met
make local, fresh clone: peak memory of a process; 3 072 MiB; ; 
make local after it; 40 s; ; ≤ 45, met
make test, another fresh clone; 300 s; ; ≤ 360, met
make test, another fresh clone: peak memory; 7 168 MiB; ; ≤ 6144, MISSED
make test, another fresh clone: peak memory of a process; 4 096 MiB; ; 
make test after it; 26 s; ; ≤ 25, MISSED`)
}

func TestAMilestoneThatWasNotNotedIsReachedAtTheEnd(t *testing.T) {
	run := Run{Seconds: 1284, Steps: []progress.Took{{Step: "deploy", Seconds: 95}}}
	if got := run.milestone(FirstResponse); got != 1284 {
		t.Errorf("got %v", got)
	}
}
