package bench

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gatehouse-iac/gatehouse/test/e2e/rotation"
)

const (
	oneValue  = "one value"
	twoValues = "two values"
)

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

// SimulationCommand simulates a year; [Simulation] reads what it prints.
var SimulationCommand = []string{"go", "run", "./internal/cmd/simulation"}

// algorithm is a line of the simulation's output.
type algorithm struct {
	Algorithm      string  `json:"algorithm"`
	Refused        float64 `json:"refused"`
	Disagreement   float64 `json:"disagreementSeconds"`
	StayedValidP50 float64 `json:"stayedValidP50Seconds"`
	StayedValidP99 float64 `json:"stayedValidP99Seconds"`
}

// Simulation makes rows of the output of [SimulationCommand].
func Simulation(output []byte) ([]Row, error) {
	var all []algorithm
	if err := json.Unmarshal(output, &all); err != nil {
		return nil, fmt.Errorf("the simulation's output: %w", err)
	}
	find := func(name string) (algorithm, error) {
		at := slices.IndexFunc(all, func(a algorithm) bool { return a.Algorithm == name })
		if at < 0 {
			return algorithm{}, fmt.Errorf("the simulation says nothing of %q", name)
		}
		return all[at], nil
	}
	ours, err := find("ring")
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, figure := range []struct {
		name, unit string
		of         func(algorithm) float64
		goal       *Goal
	}{
		{"simulated year: valid requests refused", "", func(a algorithm) float64 { return a.Refused }, atMost(0)},
		{"simulated year: an edge sent a refused key for", "s", func(a algorithm) float64 { return a.Disagreement }, atMost(0)},
		{"simulated year: replaced value valid for, p50", "s", func(a algorithm) float64 { return a.StayedValidP50 }, nil},
		{"simulated year: replaced value valid for, p99", "s", func(a algorithm) float64 { return a.StayedValidP99 }, nil},
	} {
		for _, name := range []string{oneValue, twoValues} {
			theirs, err := find(name)
			if err != nil {
				return nil, err
			}
			rows = append(rows, Row{
				Figure: figure.name, Unit: figure.unit, Ours: figure.of(ours), Beside: name, Theirs: figure.of(theirs),
				Goal: figure.goal, Command: "go run ./internal/cmd/simulation",
			})
		}
	}
	return rows, nil
}

// RotationCount is how many rotations are measured under load.
const RotationCount = 10
