package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// setting is an entry of the table of settings: one configuration key with its type T, its
// default, what its value may be, how it depends on other settings, and what documents
// say about it. Each is a variable that is spelled like its key, so that a search for a
// key finds all that is done with it.
type setting[T value] struct {
	key         string // without its namespace if that is [Namespace]
	byDefault   T
	allowed     rule[T]
	requires    []requirement // of a value other than the default
	conflicts   conflict      // of a value other than the default
	required    bool          // the default isn't allowed
	basic       bool          // a new user needs it
	description string
}

// value lists the types that a setting can have. A duration and a network are strings
// in Pulumi.yaml's schema.
type value interface {
	string | int | bool | time.Duration | []string | netip.Prefix
}

// anySetting is a setting of any type.
type anySetting interface {
	fmt.Stringer // the full key
	defaultText() string
	isSet(r *reader) bool
	checkRelations(r *reader)
	option() Option
}

// String returns the key with its namespace.
func (s setting[T]) String() string {
	if strings.Contains(s.key, ":") {
		return s.key
	}
	return Namespace + ":" + s.key
}

func (s setting[T]) defaultText() string { return format(s.byDefault) }

// read returns the value in the configuration, or the default. A value that isn't
// allowed becomes one of the reader's problems.
func (s setting[T]) read(r *reader) T {
	r.read[s.String()] = true
	raw, given := r.config[s.String()]
	if !given {
		raw = s.defaultText()
	}
	v, err := parse[T](raw)
	if err != nil {
		r.refuse(s, "%s", s.allowedText()+s.howToSet())
		return s.byDefault
	}
	if s.allowed.check != nil {
		if allowed := s.allowed.check(v, func(part string) string { return r.shown(s.String(), part) }); allowed != "" {
			r.refuse(s, "%s", allowed)
		}
	}
	return v
}

// isSet reports whether the configuration has another value than the default. The
// engine hands over Pulumi.yaml's defaults as well, so that a value is there says nothing.
func (s setting[T]) isSet(r *reader) bool {
	raw, given := r.config[s.String()]
	if !given {
		return false
	}
	v, err := parse[T](raw)
	return err != nil || format(v) != s.defaultText()
}

func (s setting[T]) allowedText() string {
	if _, boolean := any(s.byDefault).(bool); boolean {
		return "true or false"
	}
	return s.allowed.words
}

// howToSet returns what an error about a list adds to what is allowed.
func (s setting[T]) howToSet() string {
	if _, list := any(s.byDefault).([]string); list {
		return fmt.Sprintf("; set it with `pulumi config set --path '%s[0]' VALUE` or as a YAML list", s)
	}
	return ""
}

func (s setting[T]) option() Option {
	o := Option{
		Name: s.String(), Type: schemaType(s.byDefault), Default: s.defaultText(), Allowed: s.allowedText(),
		Required: s.required, Basic: s.basic, Description: s.description,
	}
	for _, needed := range s.requires {
		o.Requires = append(o.Requires, needed.Requirement)
	}
	for _, other := range s.conflicts.with {
		o.ConflictsWith = append(o.ConflictsWith, other.String())
	}
	return o
}

// requirement is a condition on another setting, and how to check it.
type requirement struct {
	Requirement
	met func(r *reader) bool
	why string
}

func (q requirement) because(why string) requirement {
	q.why = why
	return q
}

// toBe is the requirement that s has the value v.
func (s setting[T]) toBe(v T) requirement {
	return requirement{Requirement: Requirement{Key: s.String(), Value: format(v)}, met: func(r *reader) bool {
		raw, given := r.config[s.String()]
		if !given {
			raw = s.defaultText()
		}
		is, err := parse[T](raw)
		return err == nil && format(is) == format(v)
	}}
}

// toBeSet is the requirement that s has another value than its default.
func (s setting[T]) toBeSet() requirement {
	return requirement{Requirement: Requirement{Key: s.String()}, met: s.isSet}
}

// conflict names settings that can't be set together with another one.
type conflict struct {
	with []anySetting
	why  string
}

// checkRelations adds a problem for the first requirement that isn't met, and one for
// the conflicts.
func (s setting[T]) checkRelations(r *reader) {
	if !s.isSet(r) {
		return
	}
	for _, needed := range s.requires {
		if !needed.met(r) {
			r.reject(s, "it requires "+needed.String()+reason(needed.why))
			break
		}
	}
	var both []string
	for _, other := range s.conflicts.with {
		if other.isSet(r) {
			both = append(both, other.String())
		}
	}
	if len(both) > 0 {
		r.reject(s, "it conflicts with "+strings.Join(both, ", ")+reason(s.conflicts.why))
	}
}

func reason(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

var errValue = errors.New("not a value of the type")

// parse reads a value as the engine hands it to the program.
func parse[T value](raw string) (T, error) {
	var result T
	var err error
	switch v := any(&result).(type) {
	case *string:
		*v = raw
	case *int:
		*v, err = strconv.Atoi(raw)
	case *bool:
		*v = raw == "true"
		if !*v && raw != "false" {
			err = errValue
		}
	case *time.Duration:
		*v, err = time.ParseDuration(raw)
	case *[]string:
		err = json.Unmarshal([]byte(raw), v)
		if err == nil && *v == nil {
			err = errValue
		}
	case *netip.Prefix:
		*v, err = netip.ParsePrefix(raw)
	}
	return result, err
}

// format writes a value as the engine hands it to the program.
func format[T value](v T) string {
	switch v := any(v).(type) {
	case time.Duration:
		return short(v)
	case []string:
		text, err := json.Marshal(append([]string{}, v...))
		if err != nil {
			panic(err) // strings can always be written as JSON
		}
		return string(text)
	default:
		return fmt.Sprint(v)
	}
}

// schemaType returns the name that Pulumi.yaml's schema has for the type.
func schemaType[T value](v T) string {
	switch any(v).(type) {
	case int:
		return "integer"
	case bool:
		return "boolean"
	case []string:
		return "array"
	default:
		return "string"
	}
}

// short writes a duration without its zeros: "5m", not "5m0s".
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
