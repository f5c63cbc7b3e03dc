package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// rule says what the value of a setting may be.
type rule[T value] struct {
	words string // for documents, and for errors

	// check returns an empty string for a value that is allowed, and else what is
	// allowed. What it quotes of the value, it passes through quote, which hides secrets.
	// Without check, every value of the type is allowed.
	check func(v T, quote func(string) string) string
}

// between allows whole numbers.
func between(least, most int) rule[int] {
	return satisfying(func(v int) bool { return v >= least && v <= most }, fmt.Sprintf("a whole number from %d to %d", least, most))
}

// lasting allows durations in whole seconds: AWS takes no fractions of a second anywhere
// the program sets one.
func lasting(least, most time.Duration) rule[time.Duration] {
	return satisfying(func(v time.Duration) bool { return v >= least && v <= most && v%time.Second == 0 },
		fmt.Sprintf("a duration from %s to %s in whole seconds, such as 90s, 5m or 6h", short(least), short(most)))
}

// lastingMinutes allows durations in whole minutes.
func lastingMinutes(least, most time.Duration) rule[time.Duration] {
	return satisfying(func(v time.Duration) bool { return v >= least && v <= most && v%time.Minute == 0 },
		fmt.Sprintf("a duration from %s to %s in whole minutes, such as 5m", short(least), short(most)))
}

// oneOf allows the values that it is given.
func oneOf[T value](values ...T) rule[T] {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = format(v)
	}
	return satisfying(func(v T) bool { return slices.Contains(names, format(v)) }, "one of "+strings.Join(names, ", "))
}

// matching allows strings of a form.
func matching(form *regexp.Regexp, words string) rule[string] {
	return satisfying(form.MatchString, words)
}

// satisfying allows values for which valid returns true.
func satisfying[T value](valid func(T) bool, words string) rule[T] {
	return rule[T]{words: words, check: func(v T, _ func(string) string) string {
		if valid(v) {
			return ""
		}
		return words
	}}
}

// orEmpty allows the empty string as well. What that means follows in meaning, if the
// description doesn't say it.
func orEmpty(of rule[string], meaning ...string) rule[string] {
	suffix := strings.Join(append([]string{", or empty"}, meaning...), " ")
	return rule[string]{words: of.words + suffix, check: func(v string, quote func(string) string) string {
		if v == "" {
			return ""
		}
		if allowed := of.check(v, quote); allowed != "" {
			return allowed + suffix
		}
		return ""
	}}
}

// each allows lists whose elements are valid, each given once. The error names the first
// element that is not.
func each(valid func(string) bool, words string) rule[[]string] {
	words = "a list in which each is " + words
	return rule[[]string]{words: words, check: func(values []string, quote func(string) string) string {
		for i, v := range values {
			if !valid(v) {
				return fmt.Sprintf("%s; %q is not", words, quote(v))
			}
			if slices.Contains(values[:i], v) {
				return fmt.Sprintf("a list in which each is given once; %q is there twice", quote(v))
			}
		}
		return ""
	}}
}
