// Package diagnosis finds out from a stack's state, and from Pulumi's output, why it can't
// be deployed, and what to do about it.
package diagnosis

import (
	"fmt"
	"strings"
)

// Finding is one thing that is wrong.
type Finding struct {
	Section string   // of docs/runbook.md: "state-damaged"
	Wrong   string   // in a sentence
	Next    []string // steps, in order
}

// String returns the finding with its steps, a line each.
func (f Finding) String() string {
	var out strings.Builder
	fmt.Fprintln(&out, f.Wrong)
	for i, step := range f.Next {
		fmt.Fprintf(&out, "  %d. %s\n", i+1, step)
	}
	fmt.Fprintf(&out, "  docs/runbook.md#%s", f.Section)
	return out.String()
}
