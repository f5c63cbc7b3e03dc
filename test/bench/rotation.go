package bench

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// oneValue is the usual rotation, which replaces the one value that there is.
const oneValue = "one value"

// RotationCommand runs the benchmarks of the rotation tests on the running sandbox;
// [Rotations] reads what they print.
var RotationCommand = []string{
	"go", "test", "./test/e2e/rotation", "-run", "^$", "-bench", ".", "-benchtime", "1x", "-timeout", "2h", "-rotations", "10",
}

// Rotations makes rows of the output of [RotationCommand].
func Rotations(output string) ([]Row, error) {
	found, err := readMetrics(output)
	if err != nil {
		return nil, err
	}
	ours, theirs := found["Rotations/gatehouse"], found["Rotations/one-value"]
	if ours == nil || theirs == nil {
		return nil, fmt.Errorf("no BenchmarkRotations in the output of %s", strings.Join(RotationCommand, " "))
	}
	each := func(figure, unit, metric string) Row {
		per := func(m map[string]float64) float64 { return m[metric] / max(1, m["rotations"]) }
		return Row{Figure: figure, Unit: unit, Ours: per(ours), Beside: oneValue, Theirs: per(theirs), Goal: atMost(0)}
	}
	rows := []Row{
		{Figure: "rotations under load", Ours: ours["rotations"], Beside: oneValue, Theirs: theirs["rotations"], Plain: true},
		{Figure: "requests meanwhile", Ours: ours["requests"], Beside: oneValue, Theirs: theirs["requests"], Plain: true},
		each("failed requests for each rotation", "", "failed"),
		each("an edge could send a refused key, for each rotation", "s", "mismatch-s"),
	}
	for _, seconds := range []string{"2", "15", "30", "60"} {
		m := found["Rotation/deployment="+seconds]
		if m == nil {
			return nil, fmt.Errorf("no BenchmarkRotation/deployment=%s in the output of %s", seconds, strings.Join(RotationCommand, " "))
		}
		rows = append(rows, Row{Figure: "new key to old key deleted, deployment of " + seconds + " s", Unit: "s", Ours: m["lasted-s"]})
	}
	return rows, nil
}

var metricsPattern = regexp.MustCompile(`(?m)^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*ns/op.*)$`)

// readMetrics reads what `go test -bench` prints: for each benchmark, values by their unit.
func readMetrics(output string) (map[string]map[string]float64, error) {
	found := map[string]map[string]float64{}
	for _, match := range metricsPattern.FindAllStringSubmatch(output, -1) {
		metrics := map[string]float64{}
		fields := strings.Fields(match[2])
		for i := 0; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("benchmark %s: %w", match[1], err)
			}
			metrics[fields[i+1]] = value
		}
		found[match[1]] = metrics
	}
	return found, nil
}
