package build

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// begin runs a command that prints the paths of packages as `go build -v` does, and
// returns whether it let the next command begin.
func begin(t *testing.T, listed, printed int) bool {
	t.Helper()
	b := builder(t)
	packages := map[string]int{}
	for i := range listed {
		packages[fmt.Sprintf("example.test/p%d", i)] = 100
	}
	var lines strings.Builder
	for i := range printed {
		fmt.Fprintf(&lines, "echo example.test/p%d\n", i)
	}
	turn, err := b.compiling.take(t.Context(), 0, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer turn.end()
	c := Command{Name: "tool", Dir: t.TempDir(), Args: []string{"sh", "-c", lines.String()}, Packages: []string{"."}}
	if err := b.run(t.Context(), nil, c, newCounter(packages), turn); err != nil {
		t.Fatal(err)
	}
	return turn.ending
}

func TestTheNextBeginsWithTheLastPackages(t *testing.T) {
	processors := runtime.NumCPU()
	for _, test := range []struct {
		listed, printed int
		want            bool
	}{
		{processors + 5, 5, false}, // as many are left as there are processors
		{processors + 5, 6, true},
		{processors + 5, processors + 5, true},
		{0, 0, true}, // it only links
	} {
		if got := begin(t, test.listed, test.printed); got != test.want {
			t.Errorf("%d of %d packages have begun: the next begins: %v", test.printed, test.listed, got)
		}
	}
}

func TestOnlyCompilersHaveTheirSettings(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	b := builder(t)
	b.memory = 64 << 30
	c := Command{Name: "tool", Dir: t.TempDir(), Env: []string{"OTHER=1"}, Args: []string{"sh", "-c", "echo gogc=$GOGC other=$OTHER"}}
	if err := b.Compile(t.Context(), nil, c); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(b.Layout.Log("tool"))
	if err != nil || strings.TrimSpace(string(log)) != "gogc=400 other=1" {
		t.Errorf("the command's environment: %s, %v", log, err)
	}
	for _, entry := range Env() {
		if value, found := strings.CutPrefix(entry, "GOGC="); found && value != "" {
			t.Errorf("every build has %s", entry)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Setenv("GOFLAGS", "-tags=x")
	if got := Flags(); !strings.Contains(got, "-tags=x") || !strings.Contains(got, "-trimpath") {
		t.Errorf("got %q", got)
	}
}
