package recovery

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// row is what became of one kill.
type row struct {
	moment time.Duration
	doing  string
	mended string
	comparison
	err error
}

// remedies are what the driver says about leftovers, and what that means, the
// strongest first.
var remedies = []struct{ said, means string }{
	{"starting over with empty servers", "started over"},
	{"the one before is taken", "took the state from before the last write"},
	{"it is mended", "taught the state what had been made"},
	{"the lock of a deployment that was killed is removed", "removed the lock"},
}

// mended is what the next deployment did about the kill.
func mended(said string) string {
	var all []string
	for _, remedy := range remedies {
		if strings.Contains(said, remedy.said) {
			all = append(all, remedy.means)
		}
	}
	if len(all) == 0 {
		return "nothing to mend"
	}
	return strings.Join(all, ", ")
}

// table shows the kills.
func table(rows []row) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  \tkilled after\twhile\tthe next one\tin state and servers\t")
	for _, r := range rows {
		mark, compared := "✓", fmt.Sprint(r.compared)
		if r.err != nil {
			mark, compared = "✗", r.err.Error()
		}
		if len(r.twice) > 0 {
			compared += "; made twice by the provider: " + strings.Join(r.twice, ", ")
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t\n", mark, r.moment.Round(100*time.Millisecond), r.doing, r.mended, compared)
	}
	_ = w.Flush()
	return out.String()
}
