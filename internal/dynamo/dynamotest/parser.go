package dynamotest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// maxExpression is the largest size of an expression, in bytes.
const maxExpression = 4096

// placeholders are the names and values of a request, and which of them its expressions
// use.
type placeholders struct {
	names      map[string]string
	values     dynamo.Item
	usedNames  map[string]bool
	usedValues map[string]bool
}

var placeholderForm = regexp.MustCompile(`^[#:][A-Za-z0-9_]+$`)

func newPlaceholders(names map[string]string, values dynamo.Item) (*placeholders, error) {
	for name := range names {
		if !placeholderForm.MatchString(name) || name[0] != '#' {
			return nil, invalid(`ExpressionAttributeNames contains invalid key: Syntax error; key: "` + name + `"`)
		}
	}
	for name, value := range values {
		if !placeholderForm.MatchString(name) || name[0] != ':' {
			return nil, invalid(`ExpressionAttributeValues contains invalid key: Syntax error; key: "` + name + `"`)
		}
		if err := checkValue(value); err != nil {
			return nil, invalid("ExpressionAttributeValues contains invalid value for key " + name)
		}
	}
	return &placeholders{names: names, values: values, usedNames: map[string]bool{}, usedValues: map[string]bool{}}, nil
}

// unused returns the error for a placeholder that no expression uses.
func (p *placeholders) unused() error {
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		if !p.usedNames[name] {
			return invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {" + name + "}")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if !p.usedValues[name] {
			return invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {" + name + "}")
		}
	}
	return nil
}

// parser reads one expression. After its first error it reads nothing.
type parser struct {
	*placeholders
	kind   string // of the expression, for errors
	tokens []string
	err    error
}

var tokenForm = regexp.MustCompile(`^(?:[#:]?[A-Za-z0-9_]+|<>|<=|>=|[-=<>(),.+])`)

func (p *placeholders) parser(kind, text string) *parser {
	result := &parser{placeholders: p, kind: kind}
	if len(text) > maxExpression {
		result.fail("Expression size has exceeded the maximum allowed size")
	}
	for rest := strings.TrimLeft(text, " "); rest != "" && result.err == nil; rest = strings.TrimLeft(rest, " ") {
		token := tokenForm.FindString(rest)
		if token == "" {
			result.fail("Syntax error; token: %q", rest[:1])
			break
		}
		result.tokens = append(result.tokens, token)
		rest = rest[len(token):]
	}
	return result
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = invalid("Invalid " + p.kind + ": " + fmt.Sprintf(format, args...))
	}
	p.tokens = nil
}

// peek returns the next token, or "" at the end.
func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	token := p.peek()
	if token != "" {
		p.tokens = p.tokens[1:]
	}
	return token
}

// accept reads a token if it is the next. Upper and lower case are the same.
func (p *parser) accept(token string) bool {
	if !strings.EqualFold(p.peek(), token) {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(token string) {
	if !p.accept(token) {
		p.unexpected()
	}
}

func (p *parser) unexpected() { p.fail("Syntax error; token: %q", p.peek()) }

// end requires the end of the expression.
func (p *parser) end() {
	if p.peek() != "" {
		p.unexpected()
	}
}

// path is the path of an attribute: its name, and those of members of maps.
type path []string

func (p path) String() string { return "[" + strings.Join(p, ", ") + "]" }

// path reads a path.
func (p *parser) path() path {
	names := path{p.attribute()}
	for p.accept(".") {
		names = append(names, p.attribute())
	}
	return names
}

func (p *parser) attribute() string {
	token := p.next()
	if strings.HasPrefix(token, "#") {
		name, defined := p.names[token]
		if !defined {
			p.fail("An expression attribute name used in the document path is not defined; attribute name: %s", token)
		}
		p.usedNames[token] = true
		return name
	}
	if token != dynamo.PartitionKey && token != dynamo.SortKey {
		p.fail("Want a placeholder of a name; token: %q", token)
	}
	return token
}

// value reads the placeholder of a value.
func (p *parser) value() dynamo.Value {
	token := p.next()
	if !strings.HasPrefix(token, ":") {
		p.fail("Syntax error; token: %q", token)
		return dynamo.Value{}
	}
	value, defined := p.values[token]
	if !defined {
		p.fail("An expression attribute value used in expression is not defined; attribute value: %s", token)
	}
	p.usedValues[token] = true
	return value
}

func (p *parser) isValue() bool { return strings.HasPrefix(p.peek(), ":") }

// in returns the value at the path in an item, and whether there is one.
func (p path) in(item dynamo.Item) (dynamo.Value, bool) {
	value, found := item[p[0]]
	for _, name := range p[1:] {
		value, found = value.M[name]
	}
	return value, found
}

// parent returns the map that has the path's last name, or nil if there is none.
func (p path) parent(item dynamo.Item) dynamo.Item {
	if len(p) == 1 {
		return item
	}
	value, _ := p[:len(p)-1].in(item)
	return value.M
}

// overlaps reports whether one path is the other, or leads to it.
func (p path) overlaps(other path) bool {
	shorter := min(len(p), len(other))
	return slices.Equal(p[:shorter], other[:shorter])
}
