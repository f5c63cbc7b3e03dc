package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key types, as Pulumi.yaml's schema names them.
const (
	typeString  = "string"
	typeInteger = "integer"
	typeBoolean = "boolean"
	typeArray   = "array"
)

// spec is what the reader learned of a key by reading it: enough to compare with
// Pulumi.yaml's schema.
type spec struct {
	typ          string
	defaultValue string
}

// reader reads typed values and collects what is wrong with them.
type reader struct {
	namespace string // of keys without one
	config    map[string]string
	specs     map[string]spec // by full key
	secrets   map[string]bool // by full key: never quoted
	problems  Problems
}

func newReader(config map[string]string, secrets ...string) *reader {
	r := &reader{namespace: Namespace, config: config, specs: map[string]spec{}, secrets: map[string]bool{}}
	for _, key := range secrets {
		r.secrets[key] = true
	}
	return r
}

// full returns the full name of one of the program's own keys; a key that names
// its namespace stays as it is.
func (r *reader) full(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return r.namespace + ":" + key
}

func (r *reader) text(key, typ, defaultValue string) string {
	r.specs[r.full(key)] = spec{typ: typ, defaultValue: defaultValue}
	if value, ok := r.config[r.full(key)]; ok {
		return value
	}
	return defaultValue
}

// changed reports whether a key that was read has another value than its default.
// The engine hands over Pulumi.yaml's defaults as well, so being there says nothing.
func (r *reader) changed(key string) bool {
	given, ok := r.config[r.full(key)]
	return ok && given != r.specs[r.full(key)].defaultValue
}

func (r *reader) refuse(key, allowed string, args ...any) {
	given, ok := r.config[r.full(key)]
	if !ok {
		given = r.specs[r.full(key)].defaultValue
	}
	r.problems = append(r.problems, Problem{Key: r.full(key), Given: r.shown(key, given), Default: !ok, Allowed: fmt.Sprintf(allowed, args...)})
}

// shown is a value as an error may quote it.
func (r *reader) shown(key, value string) string {
	if value != "" && r.secrets[r.full(key)] {
		return "[secret]"
	}
	return value
}

func (r *reader) pattern(key, defaultValue string, pattern *regexp.Regexp, allowed string) string {
	value := r.text(key, typeString, defaultValue)
	if !pattern.MatchString(value) {
		r.refuse(key, "%s", allowed)
	}
	return value
}

// optional reads text that may be empty, and is by default.
func (r *reader) optional(key string, pattern *regexp.Regexp, allowed string) string {
	value := r.text(key, typeString, "")
	if value != "" && !pattern.MatchString(value) {
		r.refuse(key, "%s", allowed)
	}
	return value
}

func (r *reader) oneOf(key, defaultValue string, allowed ...string) string {
	value := r.text(key, typeString, defaultValue)
	if !slices.Contains(allowed, value) {
		r.refuse(key, "one of %s", strings.Join(allowed, ", "))
	}
	return value
}

func (r *reader) number(key string, defaultValue, least, most int) int {
	value, err := strconv.Atoi(r.text(key, typeInteger, strconv.Itoa(defaultValue)))
	if err != nil || value < least || value > most {
		r.refuse(key, "a whole number from %d to %d", least, most)
	}
	return value
}

func (r *reader) oneOfNumbers(key string, defaultValue int, allowed []int) int {
	value, err := strconv.Atoi(r.text(key, typeInteger, strconv.Itoa(defaultValue)))
	if err != nil || !slices.Contains(allowed, value) {
		r.refuse(key, "one of %s", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(allowed)), ", "), "[]"))
	}
	return value
}

func (r *reader) boolean(key string, defaultValue bool) bool {
	switch r.text(key, typeBoolean, strconv.FormatBool(defaultValue)) {
	case "true":
		return true
	case "false":
		return false
	default:
		r.refuse(key, "true or false")
		return defaultValue
	}
}

// howToSetLists begins what errors about lists add to what is allowed.
const howToSetLists = "; set it with "

// list reads a list of texts, which is empty by default.
func (r *reader) list(key string, valid func(string) bool, allowed string) []string {
	return r.listOr(key, []string{}, valid, allowed)
}

// listOr reads a list of texts. The engine hands it over as a JSON array. Each
// element is checked, and the first that is wrong is named: allowed says what it
// may be.
func (r *reader) listOr(key string, defaultValues []string, valid func(string) bool, allowed string) []string {
	defaultText, err := json.Marshal(defaultValues)
	if err != nil {
		panic(err) // texts can always be written as JSON
	}
	var values []string
	if err := json.Unmarshal([]byte(r.text(key, typeArray, string(defaultText))), &values); err != nil || values == nil {
		r.refuse(key, "a list in which each is %s"+howToSetLists+"`pulumi config set --path '%s[0]' VALUE` or as a YAML list", allowed, r.full(key))
		return nil
	}
	for i, value := range values {
		if !valid(value) {
			r.refuse(key, "a list in which each is %s; %q is not", allowed, r.shown(key, value))
			return nil
		}
		if slices.Contains(values[:i], value) {
			r.refuse(key, "a list in which each is given once; %q is there twice", r.shown(key, value))
			return nil
		}
	}
	return values
}

// duration reads a whole number of seconds, written as Go writes durations:
// AWS takes no fractions of a second anywhere the program sets one.
func (r *reader) duration(key string, defaultValue, least, most time.Duration) time.Duration {
	value, err := time.ParseDuration(r.text(key, typeString, short(defaultValue)))
	if err != nil || value < least || value > most || value%time.Second != 0 {
		r.refuse(key, "a duration from %s to %s in whole seconds, such as 90s, 5m or 6h", short(least), short(most))
	}
	return value
}

// oneOfDurations reads a duration that has to be one of a few.
func (r *reader) oneOfDurations(key string, defaultValue time.Duration, allowed ...time.Duration) time.Duration {
	value, err := time.ParseDuration(r.text(key, typeString, short(defaultValue)))
	if err != nil || !slices.Contains(allowed, value) {
		texts := make([]string, len(allowed))
		for i, each := range allowed {
			texts[i] = short(each)
		}
		r.refuse(key, "one of %s", strings.Join(texts, ", "))
	}
	return value
}

// short writes a duration as a person would: "5m", not "5m0s".
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

// checkUnknown refuses keys of the program's namespace that nothing reads: a
// misspelt key would otherwise leave its default in force without a word.
func (r *reader) checkUnknown() {
	for _, key := range slices.Sorted(maps.Keys(r.config)) {
		if _, known := r.specs[key]; known || !strings.HasPrefix(key, r.namespace+":") {
			continue
		}
		r.problems = append(r.problems, Problem{Key: key, Unknown: true, Allowed: "only the keys that Pulumi.yaml lists"})
	}
}
