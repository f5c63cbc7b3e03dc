package config

import (
	"maps"
	"slices"
	"strings"
)

// Option is what the program knows of one configuration key.
type Option struct {
	Name    string // with its namespace
	Type    string // as Pulumi.yaml's schema names it
	Default string // as the engine hands it to the program
	Allowed string // in words, as errors say it; empty: any text
}

// impossible is no value of any key.
const impossible = "\x00"

// Options lists every key that [Load] reads, by name. What is allowed is asked of the
// checks themselves: it is what they say to a value that fits nowhere. How a key
// depends on others they don't say; Pulumi.yaml's descriptions do.
func Options() []Option {
	learned := newReader(nil)
	read(learned)

	config := map[string]string{}
	for name := range learned.specs {
		config[name] = impossible
	}
	refusing := newReader(config)
	read(refusing)
	allowed := map[string]string{}
	for _, problem := range slices.Backward(refusing.problems) {
		allowed[problem.Key], _, _ = strings.Cut(problem.Allowed, howToSetLists)
	}

	var options []Option
	for _, name := range slices.Sorted(maps.Keys(learned.specs)) {
		spec := learned.specs[name]
		options = append(options, Option{Name: name, Type: spec.typ, Default: spec.defaultValue, Allowed: allowed[name]})
	}
	return options
}
