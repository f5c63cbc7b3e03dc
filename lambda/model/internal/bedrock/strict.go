package bedrock

import (
	"slices"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// Limits of the strict schemas of a request, those of tools and that of the answer
// together. A request above one of them is rejected. Sources:
// https://github.com/strands-agents/harness-sdk/issues/2664 and
// https://platform.claude.com/docs/en/build-with-claude/structured-outputs
const (
	maxStrictTools = 20
	maxOptional    = 24 // optional parameters
	maxUnions      = 16 // parameters of several types
)

// complexity counts the parameters of strict schemas that are limited. Nested ones count
// too.
type complexity struct{ optional, unions int }

func (c complexity) plus(other complexity) complexity {
	return complexity{c.optional + other.optional, c.unions + other.unions}
}

func (c complexity) accepted() bool { return c.optional <= maxOptional && c.unions <= maxUnions }

// strictTools leaves a tool strict if the family has strict tools and its schema is in
// their subset. No tool is strict if they exceed a limit together: which of them matter
// isn't known.
func (a *adapter) strictTools() {
	strict := func(t chat.Tool) bool { return t.Strict }
	if !slices.ContainsFunc(a.c.Tools, strict) {
		return
	}
	a.c.Tools = slices.Clone(a.c.Tools)
	number := 0
	sum, _ := ownFormat(a.family, a.c)
	for i := range a.c.Tools {
		if tool := &a.c.Tools[i]; tool.Strict {
			size, native := nativeSchema(tool.Parameters)
			if !native || !a.family.has(nativeFormat) {
				a.loosen(tool)
				continue
			}
			number++
			sum = sum.plus(size)
		}
	}
	if number > maxStrictTools || !sum.accepted() {
		for i := range a.c.Tools {
			a.loosen(&a.c.Tools[i])
		}
	}
}

// loosen makes a tool's arguments free of its schema.
func (a *adapter) loosen(tool *chat.Tool) {
	if tool.Strict {
		a.drop("tools.function.strict")
		tool.Strict = false
	}
}
