package bench

import (
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// figures are the rows as text, without what they are compared with.
func figures(rows []Row) string {
	var lines []string
	for _, row := range rows {
		cells := row.cells()
		lines = append(lines, strings.Join([]string{cells[0], cells[1], cells[2], cells[4]}, "; "))
	}
	return strings.Join(lines, "\n")
}

func compareFigures(t *testing.T, rows []Row, want string) {
	t.Helper()
	if got := figures(rows); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDecision(t *testing.T) {
	rows, err := Decision(`goos: linux
BenchmarkGate-2     	 7438231	       160.9 ns/op	       0 B/op	       0 allocs/op
BenchmarkGate-2     	 7438231	       190 ns/op	       0 B/op	       0 allocs/op
BenchmarkGate-2     	 7438231	       150.5 ns/op	       0 B/op	       0 allocs/op
BenchmarkInvoke     	  180000	      6600 ns/op	    1500 B/op	      21 allocs/op
PASS
`)
	if err != nil {
		t.Fatal(err)
	}
	compareFigures(t, rows, `decision; 161 ns; ; ≤ 1000, met
allocations of a decision; 0; ; ≤ 0, met
handler, event to answer and log line; 6.60 µs; ; 
allocations of the handler; 21; ; `)
	if _, err := Decision("PASS\n"); err == nil {
		t.Error("no benchmark is taken for one")
	}
}

func TestRotationRows(t *testing.T) {
	rows, err := Rotations(`goos: linux
BenchmarkRotations/gatehouse-2         	       1	61000000000 ns/op	         0 failed	         0 mismatch-s	      1700 requests	         5.000 rotations
--- BENCH: BenchmarkRotations/gatehouse-2
    rotation_test.go:10: 5 rotations
BenchmarkRotations/one-value           	       1	161000000000 ns/op	       249.0 failed	         1.500 mismatch-s	      8000 requests	        15.00 rotations
BenchmarkRotation/deployment=2-2       	       1	31000000000 ns/op	        11.00 lasted-s
BenchmarkRotation/deployment=15-2      	       1	31000000000 ns/op	        24.00 lasted-s
BenchmarkRotation/deployment=30-2      	       1	31000000000 ns/op	        39.00 lasted-s
BenchmarkRotation/deployment=60-2      	       1	31000000000 ns/op	        69.00 lasted-s
PASS
`)
	if err != nil {
		t.Fatal(err)
	}
	compareFigures(t, rows, `rotations under load; 5; 15 (one value); 
requests meanwhile; 1 700; 8 000 (one value); 
failed requests for each rotation; 0; 16.6 (one value); ≤ 0, met
an edge could send a refused key, for each rotation; 0 s; 0.100 s (one value); ≤ 0, met
new key to old key deleted, deployment of 2 s; 11 s; ; 
new key to old key deleted, deployment of 15 s; 24 s; ; 
new key to old key deleted, deployment of 30 s; 39 s; ; 
new key to old key deleted, deployment of 60 s; 69 s; ; `)
	if _, err := Rotations("PASS\n"); err == nil {
		t.Error("no error without a benchmark")
	}
}

func TestProgramRows(t *testing.T) {
	run := Run{Seconds: 61, Steps: []progress.Took{{Step: "tools", Seconds: 0.2}, {Step: "deploy", Seconds: 25}}}
	compareFigures(t, Program{Up: run, Previews: []float64{9, 30, 10}, Deployments: []float64{21}, Resources: 160}.Rows(), `pulumi preview, nothing to change; 10 s; ; ≤ 10, met
pulumi up, nothing to change; 21 s; ; 
resources in the engine; 160; ; 
make local, again; 61 s; ; ≤ 45, MISSED
make local, again: deploy; 25 s; ; `)
	if n, err := Resources([]byte(`{"version": 3, "deployment": {"resources": [{}, {}]}}`)); n != 2 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestPathRows(t *testing.T) {
	none := &variant{name: "none", times: []float64{10, 20, 30}, rates: []float64{100}}
	cached := &variant{name: "cached", times: []float64{10, 21, 30}, rates: []float64{94}}
	uncached := &variant{name: "uncached", times: []float64{30}, rates: []float64{50}}
	python := &variant{name: "Python", times: []float64{300}, rates: []float64{5}}
	compareFigures(t, pathRows(none, cached, uncached, python), `cached, p50; 21 ms; 20 ms (none); ≤ 1.05×, met
cached, p95; 30 ms; 30 ms (none); 
cached, p99; 30 ms; 30 ms (none); 
cached, 4 connections; 94 /s; 100 /s (none); ≥ 0.95×, MISSED
uncached, p50; 30 ms; 20 ms (none); 
uncached, p95; 30 ms; 30 ms (none); 
uncached, p99; 30 ms; 30 ms (none); 
uncached, 4 connections; 50 /s; 100 /s (none); 
uncached, p50; 30 ms; 300 ms (Python); 
uncached, p95; 30 ms; 300 ms (Python); 
uncached, p99; 30 ms; 300 ms (Python); 
uncached, 4 connections; 50 /s; 5 /s (Python); `)
}

func TestMachine(t *testing.T) {
	var m Machine
	err := m.read("processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nmodel name\t: Some CPU @ 2.0GHz\n", "MemTotal:       24673208 kB\nMemFree: 1 kB\n", "0.52 0.58 0.59 1/467 12345\n")
	if err != nil || m.Processor != "Some CPU @ 2.0GHz" || int(m.MemoryGiB) != 23 || m.Load != 0.52 {
		t.Errorf("got %+v, %v", m, err)
	}
	if err := m.read("", "", "0 0 0"); err == nil {
		t.Error("no memory is taken for one")
	}
	if err := m.read("Features: fp", "MemTotal: 1 kB", "0 0 0"); err != nil || m.Processor != "unknown" {
		t.Errorf("got %q, %v", m.Processor, err)
	}
}
