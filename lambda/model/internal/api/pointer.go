package api

import (
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// maxDepth is the number of reference tokens that a pointer has room for.
const maxDepth = 8

// pointer is a position in a body. It is a value without references, so that a body
// without faults is read without an allocation for each position.
type pointer struct {
	tokens [maxDepth]token
	depth  int
}

// token is a reference token: a member's name, or an element's index if that is empty.
type token struct {
	name  string
	index int
}

func (p pointer) member(name string) pointer { return p.with(token{name: name}) }

func (p pointer) element(index int) pointer { return p.with(token{index: index}) }

func (p pointer) with(t token) pointer {
	if p.depth < maxDepth {
		p.tokens[p.depth] = t
		p.depth++
	}
	return p
}

// String returns the JSON pointer (RFC 6901).
func (p pointer) String() string {
	var text strings.Builder
	for _, t := range p.tokens[:p.depth] {
		text.WriteByte('/')
		if t.name == "" {
			text.WriteString(strconv.Itoa(t.index))
		} else {
			text.WriteString(strictjson.Escape(t.name))
		}
	}
	return text.String()
}
