package config

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with the configuration.
type Problem struct {
	Key     string // with its namespace
	Given   string // the value at fault
	Default bool   // Given is the key's default: another key is at odds with it
	Unknown bool   // no such key
	Allowed string // in words
}

// String is the problem on one line.
func (p Problem) String() string {
	switch {
	case p.Unknown:
		return fmt.Sprintf("%s is no setting; allowed: %s", p.Key, p.Allowed)
	case p.Default:
		return fmt.Sprintf("%s is %q by default; allowed: %s", p.Key, p.Given, p.Allowed)
	default:
		return fmt.Sprintf("%s is %q; allowed: %s", p.Key, p.Given, p.Allowed)
	}
}

// Problems is the error that [Load] returns: all that is wrong, in the order of
// reading.
type Problems []Problem

// Error lists the problems, a line each, and the mend.
func (p Problems) Error() string {
	lines := make([]string, 0, len(p)+1)
	for _, problem := range p {
		lines = append(lines, "  - "+problem.String())
	}
	return fmt.Sprintf("the stack's configuration has %d problem(s); mend them with `pulumi config set KEY VALUE` or in Pulumi.<stack>.yaml:\n%s",
		len(p), strings.Join(lines, "\n"))
}
