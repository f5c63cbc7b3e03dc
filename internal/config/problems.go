package config

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with the configuration.
type Problem struct {
	Key     string // with its namespace
	Given   string // the value at fault
	Default bool   // Given is the key's default: it doesn't fit to another setting
	Unknown bool   // no such key

	// Rule is what the value breaks. It begins with "allowed:", or else with "it must",
	// "it requires" or "it conflicts with", where other settings matter.
	Rule string
}

// String returns the problem on one line.
func (p Problem) String() string {
	switch {
	case p.Unknown:
		return fmt.Sprintf("%s is no setting; %s", p.Key, p.Rule)
	case p.Default:
		return fmt.Sprintf("%s is %q by default; %s", p.Key, p.Given, p.Rule)
	default:
		return fmt.Sprintf("%s is %q; %s", p.Key, p.Given, p.Rule)
	}
}

// Problems is the error that [Load] returns: all that is wrong, in the order of the
// reference.
type Problems []Problem

// Error lists the problems, a line each, and how to fix them.
func (p Problems) Error() string {
	lines := make([]string, 0, len(p)+1)
	for _, problem := range p {
		lines = append(lines, "  - "+problem.String())
	}
	return fmt.Sprintf("the stack's configuration has %d problem(s); fix them with `pulumi config set KEY VALUE` or in Pulumi.<stack>.yaml:\n%s",
		len(p), strings.Join(lines, "\n"))
}
