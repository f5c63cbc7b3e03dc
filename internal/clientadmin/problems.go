package clientadmin

import (
	"errors"
	"fmt"
)

// problems collects everything that is wrong with a command, so that one message has all
// of it.
type problems struct {
	client string
	all    []error
}

// flag adds a flag whose value isn't allowed.
func (p *problems) flag(name, given, want string) {
	p.add("-%s is %q; want %s", name, given, want)
}

func (p *problems) add(format string, args ...any) {
	p.all = append(p.all, fmt.Errorf("client %s: "+format, append([]any{p.client}, args...)...))
}

// err returns all problems, one a line, or nil.
func (p *problems) err() error { return errors.Join(p.all...) }
