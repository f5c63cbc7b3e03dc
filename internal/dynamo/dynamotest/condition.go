package dynamotest

import (
	"slices"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// predicate reports whether an item, which is nil if there is none, meets a condition.
type predicate func(dynamo.Item) bool

// condition parses a condition expression. An empty one is always met.
func (p *placeholders) condition(text string) (predicate, error) {
	if text == "" {
		return func(dynamo.Item) bool { return true }, nil
	}
	parser := p.parser("ConditionExpression", text)
	met, _ := parser.or()
	parser.end()
	return met, parser.err
}

// or reads a disjunction. grouped reports whether it was a single one in parentheses.
func (p *parser) or() (met predicate, grouped bool) {
	met, grouped = p.and()
	for p.accept("OR") {
		left := met
		right, _ := p.and()
		met, grouped = func(item dynamo.Item) bool { return left(item) || right(item) }, false
	}
	return met, grouped
}

func (p *parser) and() (met predicate, grouped bool) {
	met, grouped = p.not()
	for p.accept("AND") {
		left := met
		right, _ := p.not()
		met, grouped = func(item dynamo.Item) bool { return left(item) && right(item) }, false
	}
	return met, grouped
}

func (p *parser) not() (met predicate, grouped bool) {
	if p.accept("NOT") {
		inner, _ := p.not()
		return func(item dynamo.Item) bool { return !inner(item) }, false
	}
	if p.accept("(") {
		inner, twice := p.or()
		if twice {
			p.fail("The expression has redundant parentheses")
		}
		p.expect(")")
		return inner, true
	}
	return p.primary(), false
}

func (p *parser) primary() predicate {
	switch {
	case p.accept("attribute_exists"):
		path := p.argument()
		return func(item dynamo.Item) bool { _, found := path.in(item); return found }
	case p.accept("attribute_not_exists"):
		path := p.argument()
		return func(item dynamo.Item) bool { _, found := path.in(item); return !found }
	case p.accept("contains"):
		return p.contains()
	}
	return p.comparison()
}

// argument reads the path in parentheses that is a function's argument.
func (p *parser) argument() path {
	p.expect("(")
	path := p.path()
	p.expect(")")
	return path
}

// contains reads a search for a string in a set.
func (p *parser) contains() predicate {
	p.expect("(")
	path := p.path()
	p.expect(",")
	wanted := p.value()
	p.expect(")")
	if wanted.S == nil {
		p.fail("This table searches sets for strings only; function: contains")
	}
	return func(item dynamo.Item) bool {
		value, _ := path.in(item)
		return slices.Contains(value.SS, wanted.Text())
	}
}

// operand is a side of a comparison.
type operand struct {
	path    path
	size    bool // of what is at the path
	literal dynamo.Value
}

func (p *parser) operand() operand {
	switch {
	case p.accept("size"):
		return operand{path: p.argument(), size: true}
	case p.isValue():
		return operand{literal: p.value()}
	}
	return operand{path: p.path()}
}

func (o operand) in(item dynamo.Item) (dynamo.Value, bool) {
	if o.path == nil {
		return o.literal, true
	}
	value, found := o.path.in(item)
	if !o.size {
		return value, found
	}
	length, sized := size(value)
	return dynamo.Number(int64(length)), found && sized
}

func (o operand) equals(other operand) bool {
	return o.path != nil && o.size == other.size && slices.Equal(o.path, other.path)
}

var comparators = map[string]func(order int) bool{
	"<":  func(order int) bool { return order < 0 },
	"<=": func(order int) bool { return order <= 0 },
	">":  func(order int) bool { return order > 0 },
	">=": func(order int) bool { return order >= 0 },
}

func (p *parser) comparison() predicate {
	left := p.operand()
	comparator := p.next()
	ordered := comparators[comparator]
	if ordered == nil && comparator != "=" && comparator != "<>" {
		p.fail("Syntax error; token: %q", comparator)
	}
	right := p.operand()
	if left.equals(right) {
		p.fail("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, "+
			"first operand: %s", comparator, left.path)
	}
	for _, side := range []operand{left, right} {
		if kind := typeOf(side.literal); ordered != nil && side.path == nil && kind != "N" && kind != "S" {
			p.fail("Incorrect operand type for operator or function; operator: %s, operand type: %s", comparator, kind)
		}
	}
	return func(item dynamo.Item) bool {
		a, hasLeft := left.in(item)
		b, hasRight := right.in(item)
		switch {
		case comparator == "<>":
			return !hasLeft || !hasRight || !isEqual(a, b)
		case !hasLeft || !hasRight:
			return false
		case comparator == "=":
			return isEqual(a, b)
		}
		order, comparable := compare(a, b)
		return comparable && ordered(order)
	}
}
