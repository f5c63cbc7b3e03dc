// Package dynamo is a client of Amazon DynamoDB that starts fast: it has the operations
// that Gatehouse needs, where the SDK's package prepares all of the service's.
package dynamo

import (
	"slices"
	"strconv"
)

// Item is an item, or a part of one: attributes by name.
type Item map[string]Value

// Value is the value of an attribute, in the form of DynamoDB's API. One member is set.
type Value struct {
	S    *string  `json:",omitempty"`
	N    *string  `json:",omitempty"` // a decimal number
	BOOL *bool    `json:",omitempty"`
	SS   []string `json:",omitempty"` // a set: never empty
	M    Item     `json:",omitzero"`  // may be empty: see [Map]
}

// String returns a string attribute.
func String(s string) Value { return Value{S: &s} }

// Number returns a number attribute.
func Number(n int64) Value {
	text := strconv.FormatInt(n, 10)
	return Value{N: &text}
}

// Bool returns a boolean attribute.
func Bool(b bool) Value { return Value{BOOL: &b} }

// StringSet returns a set of strings. There is no empty set: leave the attribute out.
func StringSet(all []string) Value {
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return Value{SS: slices.Compact(sorted)}
}

// Map returns a map attribute, which may be empty.
func Map(members Item) Value {
	if members == nil {
		members = Item{}
	}
	return Value{M: members}
}

// Text returns the string of a string attribute, else "".
func (v Value) Text() string {
	if v.S == nil {
		return ""
	}
	return *v.S
}

// Int returns the number of a number attribute, and whether it is a whole one within 64
// bits.
func (v Value) Int() (int64, bool) {
	if v.N == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(*v.N, 10, 64)
	return n, err == nil
}

// IsTrue reports whether a boolean attribute is true.
func (v Value) IsTrue() bool { return v.BOOL != nil && *v.BOOL }
