package bench

import (
	"fmt"

	"github.com/gatehouse-iac/gatehouse/test/e2e/rotation"
)

// oneValue is the usual rotation, which replaces the one value that there is.
const oneValue = "one value"

// Rotations makes rows of what the rotation test measured.
func Rotations(m rotation.Measured) []Row {
	each := func(l rotation.Load, sum float64) float64 { return sum / float64(max(1, l.Rotations)) }
	row := func(figure, unit string, of func(rotation.Load) float64, goal *Goal) Row {
		return Row{Figure: figure, Unit: unit, Ours: each(m.Ours, of(m.Ours)), Beside: oneValue, Theirs: each(m.Baseline, of(m.Baseline)), Goal: goal}
	}
	rows := []Row{
		{Figure: "rotations under load", Ours: float64(m.Ours.Rotations), Beside: oneValue, Theirs: float64(m.Baseline.Rotations), Plain: true},
		{Figure: "requests meanwhile", Ours: float64(m.Ours.Requests), Beside: oneValue, Theirs: float64(m.Baseline.Requests), Plain: true},
		row("failed requests for each rotation", "", func(l rotation.Load) float64 { return float64(l.Failed) }, atMost(0)),
		row("an edge could send a refused key, for each rotation", "s", func(l rotation.Load) float64 { return l.Mismatch.Seconds() }, atMost(0)),
	}
	for _, l := range m.Lasting {
		rows = append(rows, Row{
			Figure: fmt.Sprintf("new key to old key deleted, deployment of %.0f s", l.Deployment.Seconds()), Unit: "s", Ours: l.Lasted.Seconds(),
		})
	}
	return rows
}

// RotationCount is how many rotations are measured under load.
const RotationCount = 10
