package dynamotest

import (
	"math/big"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// action is one action of an update expression. It reads from the item as it was, and
// changes the new one.
type action struct {
	path  path
	apply func(old, updated dynamo.Item) error
}

var (
	errPath    = invalid("The document path provided in the update expression is invalid for update")
	errMissing = invalid("The provided expression refers to an attribute that does not exist in the item")
	errOperand = invalid("An operand in the update expression has an incorrect data type")
)

// update parses an update expression. An empty one has no actions.
func (p *placeholders) update(text string) ([]action, error) {
	if text == "" {
		return nil, nil
	}
	parser := p.parser("UpdateExpression", text)
	actions := parser.sections()
	if parser.err != nil {
		return nil, parser.err
	}
	for i, one := range actions {
		if name := one.path[0]; name == dynamo.PartitionKey || name == dynamo.SortKey {
			return nil, invalid("One or more parameter values were invalid: Cannot update attribute " + name +
				". This attribute is part of the key")
		}
		for _, other := range actions[:i] {
			if one.path.overlaps(other.path) {
				return nil, invalid("Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of " +
					"these paths; path one: " + other.path.String() + ", path two: " + one.path.String())
			}
		}
	}
	return actions, nil
}

func (p *parser) sections() []action {
	var actions []action
	parsers := map[string]func() action{"SET": p.set, "REMOVE": p.remove, "ADD": p.addition, "DELETE": p.deletion}
	seen := map[string]bool{}
	for p.err == nil && (p.peek() != "" || len(seen) == 0) {
		section := strings.ToUpper(p.next())
		parse := parsers[section]
		switch {
		case parse == nil:
			p.fail("Syntax error; token: %q", section)
			continue
		case seen[section]:
			p.fail("The %q section can only be used once in an update expression;", section)
		}
		seen[section] = true
		for more := true; more && p.err == nil; more = p.accept(",") {
			actions = append(actions, parse())
		}
	}
	return actions
}

// term is an operand of SET: its value in the item as it was.
type term func(old dynamo.Item) (dynamo.Value, error)

func (p *parser) set() action {
	path := p.path()
	p.expect("=")
	value := p.term()
	switch operator := p.peek(); operator {
	case "+", "-":
		p.next()
		value = sum(value, p.term(), operator == "-")
	}
	return action{path, func(old, updated dynamo.Item) error {
		result, err := value(old)
		if err != nil {
			return err
		}
		return assign(updated, path, result)
	}}
}

func (p *parser) term() term {
	switch {
	case p.accept("if_not_exists"):
		return p.ifNotExists()
	case p.isValue():
		value := p.value()
		return func(dynamo.Item) (dynamo.Value, error) { return value, nil }
	}
	path := p.path()
	return func(old dynamo.Item) (dynamo.Value, error) {
		value, found := path.in(old)
		if !found {
			return value, errMissing
		}
		return value, nil
	}
}

func (p *parser) ifNotExists() term {
	p.expect("(")
	path := p.path()
	p.expect(",")
	otherwise := p.term()
	p.expect(")")
	return func(old dynamo.Item) (dynamo.Value, error) {
		if value, found := path.in(old); found {
			return value, nil
		}
		return otherwise(old)
	}
}

func sum(a, b term, negative bool) term {
	return func(old dynamo.Item) (dynamo.Value, error) {
		left, err := a(old)
		if err != nil {
			return left, err
		}
		right, err := b(old)
		if err != nil {
			return right, err
		}
		if left.N == nil || right.N == nil {
			return left, errOperand
		}
		if negative {
			return numberValue(new(big.Int).Sub(number(left), number(right))), nil
		}
		return numberValue(new(big.Int).Add(number(left), number(right))), nil
	}
}

func (p *parser) remove() action {
	path := p.path()
	return action{path, func(_, updated dynamo.Item) error {
		parent := path.parent(updated)
		if parent == nil {
			return errPath
		}
		delete(parent, path[len(path)-1])
		return nil
	}}
}

// addition reads an action of ADD: to a number, or to a set.
func (p *parser) addition() action {
	path, value := p.path(), p.value()
	if p.err == nil && value.N == nil && value.SS == nil {
		p.fail("Incorrect operand type for operator or function; operator: ADD, operand type: %s", typeOf(value))
	}
	return action{path, func(old, updated dynamo.Item) error {
		before, found := path.in(old)
		switch {
		case !found:
			return assign(updated, path, value)
		case typeOf(before) != typeOf(value):
			return errOperand
		case value.N != nil:
			return assign(updated, path, numberValue(new(big.Int).Add(number(before), number(value))))
		}
		return assign(updated, path, dynamo.StringSet(slices.Concat(before.SS, value.SS)))
	}}
}

// deletion reads an action of DELETE: from a set, which is removed when it is empty.
func (p *parser) deletion() action {
	path, value := p.path(), p.value()
	if p.err == nil && value.SS == nil {
		p.fail("Incorrect operand type for operator or function; operator: DELETE, operand type: %s", typeOf(value))
	}
	return action{path, func(old, updated dynamo.Item) error {
		before, found := path.in(old)
		if !found {
			return nil
		}
		if before.SS == nil {
			return errOperand
		}
		left := slices.DeleteFunc(slices.Clone(before.SS), func(s string) bool { return slices.Contains(value.SS, s) })
		if len(left) > 0 {
			return assign(updated, path, dynamo.StringSet(left))
		}
		delete(path.parent(updated), path[len(path)-1])
		return nil
	}}
}

func assign(item dynamo.Item, path path, value dynamo.Value) error {
	parent := path.parent(item)
	if parent == nil {
		return errPath
	}
	parent[path[len(path)-1]] = cloneValue(value)
	return nil
}
