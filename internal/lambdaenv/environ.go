// Package environ reads a function's settings from environment variables and
// reports every problem at once, so that one failed start names all there is to
// mend.
package lambdaenv

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Reader reads variables and remembers what was wrong with them. Its methods
// return zero for a variable with a problem: look at [Reader.Err] before use.
//
// An error quotes what was given, so never read a secret with it.
type Reader struct {
	lookup   func(string) (string, bool)
	problems []error
}

// NewReader returns a Reader of the variables that lookup finds, which outside of
// tests is [os.LookupEnv].
func NewReader(lookup func(string) (string, bool)) *Reader {
	return &Reader{lookup: lookup}
}

// Text reads a variable whose text passes valid; want says in words what does.
func (r *Reader) Text(name, want string, valid func(string) bool) string {
	text, ok := r.get(name, want)
	if !ok {
		return ""
	}
	if !valid(text) {
		r.Reject(name, text, want)
		return ""
	}
	return text
}

// Optional is [Reader.Text] for a variable that may be missing or empty, which is the
// empty text.
func (r *Reader) Optional(name, want string, valid func(string) bool) string {
	if text, _ := r.lookup(name); text == "" {
		return ""
	}
	return r.Text(name, want, valid)
}

// Duration reads a variable like "90s", from lowest to highest.
func (r *Reader) Duration(name string, lowest, highest time.Duration) time.Duration {
	want := fmt.Sprintf("a duration from %v to %v", lowest, highest)
	text, ok := r.get(name, want)
	if !ok {
		return 0
	}
	duration, err := time.ParseDuration(text)
	if err != nil || duration < lowest || duration > highest {
		r.Reject(name, text, want)
		return 0
	}
	return duration
}

// Int reads a whole number from lowest to highest.
func (r *Reader) Int(name string, lowest, highest int) int {
	want := fmt.Sprintf("a whole number from %d to %d", lowest, highest)
	text, ok := r.get(name, want)
	if !ok {
		return 0
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < lowest || number > highest {
		r.Reject(name, text, want)
		return 0
	}
	return number
}

// Reject adds a problem: what was given for the variable, and what is wanted.
func (r *Reader) Reject(name, given, want string) {
	r.problems = append(r.problems, fmt.Errorf("environment variable %s is %q: want %s", name, given, want))
}

// Err returns all problems as one error, or nil.
func (r *Reader) Err() error { return errors.Join(r.problems...) }

func (r *Reader) get(name, want string) (string, bool) {
	text, ok := r.lookup(name)
	if !ok {
		r.problems = append(r.problems, fmt.Errorf("environment variable %s is not set: want %s", name, want))
	}
	return text, ok
}
