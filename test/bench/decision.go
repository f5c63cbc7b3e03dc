package bench

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// DecisionCommand runs the authorizer's own benchmarks; [Decision] reads what it
// prints.
var DecisionCommand = []string{"go", "test", "-run", "^$", "-bench", "^Benchmark(Gate|Invoke)$", "-benchmem", "-count", "5", "./lambda/authorizer"}

// Decision returns the rows of the output of [DecisionCommand]: the medians of its runs.
func Decision(output string) ([]Row, error) {
	found, err := readBenchmarks(output)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, one := range []struct {
		benchmark, figure, unit string
		of                      func(benchmark) float64
		goal                    *Goal
	}{
		{"Gate", "decision", "ns", benchmark.nanoseconds, atMost(1000)},
		{"Gate", "allocations of a decision", "", benchmark.allocations, atMost(0)},
		{"Invoke", "handler, event to answer and log line", "µs", func(b benchmark) float64 { return b.nanoseconds() / 1000 }, nil},
		{"Invoke", "allocations of the handler", "", benchmark.allocations, nil},
	} {
		b, ok := found[one.benchmark]
		if !ok {
			return nil, fmt.Errorf("no benchmark %s in the output of %s", one.benchmark, strings.Join(DecisionCommand, " "))
		}
		rows = append(rows, Row{
			Figure: one.figure, Unit: one.unit, Ours: one.of(b), Goal: one.goal,
			Command: "go test -run '^$' -bench . -benchmem ./lambda/authorizer",
		})
	}
	return rows, nil
}

// benchmark has the runs of one of Go's benchmarks.
type benchmark struct{ ns, allocs []float64 }

func (b benchmark) nanoseconds() float64 { return median(b.ns) }
func (b benchmark) allocations() float64 { return median(b.allocs) }

var benchmarkPattern = regexp.MustCompile(`(?m)^Benchmark(\w+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op\s+\d+ B/op\s+(\d+) allocs/op$`)

// readBenchmarks reads what `go test -bench` prints.
func readBenchmarks(output string) (map[string]benchmark, error) {
	found := map[string]benchmark{}
	for _, match := range benchmarkPattern.FindAllStringSubmatch(output, -1) {
		ns, err := strconv.ParseFloat(match[2], 64)
		if err != nil {
			return nil, err
		}
		allocs, err := strconv.ParseFloat(match[3], 64)
		if err != nil {
			return nil, err
		}
		b := found[match[1]]
		found[match[1]] = benchmark{append(b.ns, ns), append(b.allocs, allocs)}
	}
	return found, nil
}
