package lambdaenv

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/token"
)

// reader reads variables and collects every problem, so that one failed start names all
// there is to fix. Its methods return zero for a variable with a problem.
//
// An error quotes the value, so never read a secret with it.
type reader struct {
	lookup   Lookup
	problems []error
}

// string reads a variable whose value is valid; want describes such a value.
func (r *reader) string(name, want string, valid func(string) bool) string {
	value, ok := r.get(name, want)
	if !ok {
		return ""
	}
	if !valid(value) {
		r.reject(name, value, want)
		return ""
	}
	return value
}

// optional reads a variable that may be unset or empty.
func (r *reader) optional(name string) string {
	value, _ := r.lookup(name)
	return value
}

// optionalBool reads a variable that may be unset or empty, which is false.
func (r *reader) optionalBool(name string) bool {
	value := r.optional(name)
	if value != "" && !isBoolean(value) {
		r.reject(name, value, "true or false")
	}
	return value == "true"
}

// optionalList reads a list of valid elements that are separated by commas. It may be
// unset or empty, which is nil.
func (r *reader) optionalList(name, want string, valid func(string) bool) []string {
	value := r.optional(name)
	if value == "" {
		return nil
	}
	elements := strings.Split(value, ",")
	for _, element := range elements {
		if !valid(element) {
			r.reject(name, value, want)
			return nil
		}
	}
	return elements
}

// duration reads a variable like "90s", from lowest to highest.
func (r *reader) duration(name string, lowest, highest time.Duration) time.Duration {
	want := fmt.Sprintf("a duration from %v to %v", lowest, highest)
	value, ok := r.get(name, want)
	if !ok {
		return 0
	}
	duration, err := time.ParseDuration(value)
	if err != nil || duration < lowest || duration > highest {
		r.reject(name, value, want)
		return 0
	}
	return duration
}

// int reads a whole number from lowest to highest.
func (r *reader) int(name string, lowest, highest int) int {
	want := fmt.Sprintf("a whole number from %d to %d", lowest, highest)
	value, ok := r.get(name, want)
	if !ok {
		return 0
	}
	number, err := strconv.Atoi(value)
	if err != nil || number < lowest || number > highest {
		r.reject(name, value, want)
		return 0
	}
	return number
}

// header reads a header's name in lower case, as HTTP APIs name headers.
func (r *reader) header(name string) string {
	return r.string(name, "a header's name in lower case, such as x-origin-verify", isHeaderName)
}

// issuers reads the issuers of tokens. The variable may be unset or empty, for none.
func (r *reader) issuers() []token.Issuer {
	value := r.optional(OIDCIssuersVariable)
	issuers, ok := token.ParseIssuers(value)
	if !ok {
		r.reject(OIDCIssuersVariable, value,
			fmt.Sprintf("at most %d of these, each name and each URL once, separated by commas: %s", token.MaxIssuers, token.IssuerForm))
		return nil
	}
	return issuers
}

func (r *reader) stack() string {
	return r.string(StackVariable, "the stack's name, such as gatehouse-dev", isNotEmpty)
}

func (r *reader) apiPrefix() string {
	return r.string(APIPrefixVariable, "a path such as /api, without a slash at its end", isPrefix)
}

// reject adds a problem: what was given for the variable, and what is wanted.
func (r *reader) reject(name, given, want string) {
	r.problems = append(r.problems, fmt.Errorf("environment variable %s is %q: want %s", name, given, want))
}

// err returns all problems as one error, or nil.
func (r *reader) err() error { return errors.Join(r.problems...) }

func (r *reader) get(name, want string) (string, bool) {
	value, ok := r.lookup(name)
	if !ok {
		r.problems = append(r.problems, fmt.Errorf("environment variable %s is not set: want %s", name, want))
	}
	return value, ok
}

func isNotEmpty(value string) bool { return value != "" }

func isPrefix(value string) bool {
	return strings.HasPrefix(value, "/") && !strings.HasSuffix(value, "/")
}

func isHeaderName(value string) bool {
	return value != "" && !strings.ContainsFunc(value, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}
