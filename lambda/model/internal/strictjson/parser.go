package strictjson

import (
	"slices"
	"strconv"
	"strings"
)

// parser builds the tree of a text whose syntax is valid.
type parser struct {
	text string
	at   int // index of the next byte

	elements arena[Value]
	members  arena[Member]
	nodes    []children

	// path leads to a duplicate member, from the inside out. It is nil if there is none.
	path []string
}

// fault returns the fault at the path.
func (p *parser) fault() *Fault {
	var pointer strings.Builder
	for _, token := range slices.Backward(p.path) {
		pointer.WriteByte('/')
		pointer.WriteString(Escape(token))
	}
	return &Fault{pointer.String(), "duplicate member"}
}

// value parses the next value. After a duplicate member, which sets the path, it returns
// early, with an incomplete value.
func (p *parser) value() Value {
	p.skipSpace()
	start := p.at
	v := Value{Kind: kindOf(p.text[start])}
	switch v.Kind {
	case Object:
		v.children = p.object()
	case Array:
		v.children = p.array()
	case String:
		p.at = endOfString(p.text, start)
	default:
		p.skipWord()
	}
	v.Raw = p.text[start:p.at]
	return v
}

func kindOf(first byte) Kind {
	switch first {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	}
	return Number
}

func (p *parser) array() *children {
	first := len(p.elements.open)
	for p.more(']') {
		element := p.value()
		if p.path != nil {
			p.path = append(p.path, strconv.Itoa(len(p.elements.open)-first))
			return nil
		}
		p.elements.open = append(p.elements.open, element)
	}
	if elements := p.elements.take(first); elements != nil {
		return p.node(children{elements: elements})
	}
	return nil
}

func (p *parser) object() *children {
	first := len(p.members.open)
	for p.more('}') {
		name := p.name()
		p.skipSpace()
		p.at++ // colon
		value := p.value()
		if p.path != nil {
			p.path = append(p.path, name)
			return nil
		}
		p.members.open = append(p.members.open, Member{name, value})
	}
	members := p.members.take(first)
	if twice := duplicate(members); twice >= 0 {
		p.path = []string{members[twice].Name}
	}
	if members != nil {
		return p.node(children{members: members})
	}
	return nil
}

func (p *parser) name() string {
	start := p.at
	p.at = endOfString(p.text, start)
	return unquote(p.text[start:p.at])
}

// more skips the beginning of an array or object, or a comma, and reports whether another
// child follows. If none does, it skips the end.
func (p *parser) more(end byte) bool {
	p.skipSpace()
	if p.text[p.at] == end {
		p.at++
		return false
	}
	p.at++ // bracket, brace or comma
	p.skipSpace()
	if p.text[p.at] == end { // of an empty one: the syntax permits no comma at the end
		p.at++
		return false
	}
	return true
}

func (p *parser) skipSpace() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\r' || p.text[p.at] == '\t') {
		p.at++
	}
}

// skipWord skips a number, true, false or null.
func (p *parser) skipWord() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ',', ']', '}', ' ', '\n', '\r', '\t':
			return
		}
		p.at++
	}
}

func (p *parser) node(c children) *children {
	if len(p.nodes) == cap(p.nodes) {
		p.nodes = make([]children, 0, nextSize(cap(p.nodes)))
	}
	p.nodes = append(p.nodes, c)
	return &p.nodes[len(p.nodes)-1]
}

// fewMembers are compared in pairs, which is faster than a map.
const fewMembers = 24

// duplicate returns the index of a member whose name one before it has, or -1.
func duplicate(members []Member) int {
	if len(members) > fewMembers {
		return duplicateOfMany(members)
	}
	for i := range members {
		for j := range i {
			if members[i].Name == members[j].Name {
				return i
			}
		}
	}
	return -1
}

func duplicateOfMany(members []Member) int {
	names := make(map[string]struct{}, len(members))
	for i, member := range members {
		if names[member.Name] = struct{}{}; len(names) == i {
			return i
		}
	}
	return -1
}
