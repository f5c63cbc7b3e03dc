package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// reader holds the configuration and collects what is wrong with it.
type reader struct {
	namespace string // of the program's own keys
	config    map[string]string
	secrets   map[string]bool // by full key: never quoted
	order     map[string]int  // of the table, by full key
	read      map[string]bool // by full key
	problems  Problems
}

func newReader(table []topic, config map[string]string, secrets ...string) *reader {
	r := &reader{namespace: Namespace, config: config, secrets: map[string]bool{}, order: map[string]int{}, read: map[string]bool{}}
	for _, t := range table {
		for _, s := range t.settings {
			r.order[s.String()] = len(r.order)
		}
	}
	for _, key := range secrets {
		r.secrets[key] = true
	}
	return r
}

// full returns a key of the stack's file with its namespace, which the program's own
// keys may leave out there.
func (r *reader) full(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return r.namespace + ":" + key
}

// refuse adds the problem that a value isn't allowed, regardless of the other settings.
func (r *reader) refuse(s anySetting, allowed string, args ...any) {
	r.reject(s, "allowed: "+fmt.Sprintf(allowed, args...))
}

// must adds the problem that a value doesn't fit to other settings.
func (r *reader) must(s anySetting, rule string, args ...any) {
	r.reject(s, "it must "+fmt.Sprintf(rule, args...))
}

func (r *reader) reject(s anySetting, rule string) {
	given, ok := r.config[s.String()]
	if !ok {
		given = s.defaultText()
	}
	r.problems = append(r.problems, Problem{Key: s.String(), Given: r.shown(s.String(), given), Default: !ok, Rule: rule})
}

// shown returns the value of a key, or a part of it, as an error may quote it.
func (r *reader) shown(key, value string) string {
	if value != "" && r.secrets[key] {
		return "[secret]"
	}
	return value
}

// checkUnknown adds a problem for each key of the program's namespace that isn't in the
// table: a misspelt key would otherwise leave its default in force without a word.
func (r *reader) checkUnknown() {
	for _, key := range slices.Sorted(maps.Keys(r.config)) {
		if _, known := r.order[key]; known || !strings.HasPrefix(key, r.namespace+":") {
			continue
		}
		r.problems = append(r.problems, Problem{Key: key, Unknown: true, Rule: "allowed: only the keys that Pulumi.yaml lists"})
	}
}

// sorted returns the problems in the order of the table, unknown keys last.
func (r *reader) sorted() Problems {
	position := func(p Problem) int {
		if i, known := r.order[p.Key]; known {
			return i
		}
		return len(r.order)
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return cmp.Compare(position(a), position(b)) })
	return r.problems
}
