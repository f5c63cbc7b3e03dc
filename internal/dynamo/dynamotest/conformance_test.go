package dynamotest_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

// The item that updates begin with, without its key.
func stored() dynamo.Item {
	return dynamo.Item{
		"n": dynamo.Number(5), "s": dynamo.String("abc"), "b": dynamo.Bool(true), "set": dynamo.StringSet([]string{"x", "y"}),
		"m": dynamo.Map(dynamo.Item{"a": dynamo.Number(1), "b": dynamo.Number(2)}), "empty": dynamo.Map(nil),
	}
}

// values are all values that the updates use, by placeholder.
var values = dynamo.Item{
	":zero": dynamo.Number(0), ":one": dynamo.Number(1), ":five": dynamo.Number(5), ":minus": dynamo.Number(-7),
	":abc": dynamo.String("abc"), ":x": dynamo.String("x"), ":true": dynamo.Bool(true),
	":setX": dynamo.StringSet([]string{"x"}), ":setYZ": dynamo.StringSet([]string{"y", "z"}), ":setXY": dynamo.StringSet([]string{"x", "y"}),
	":map": dynamo.Map(dynamo.Item{"a": dynamo.Number(1)}),
}

// with returns the stored item with other attributes.
func with(changed dynamo.Item, removed ...string) dynamo.Item {
	item := stored()
	maps.Copy(item, changed)
	for _, name := range removed {
		delete(item, name)
	}
	return item
}

// Outcomes of updates other than an item.
const (
	failed  = "condition failed"
	invalid = "ValidationException"
)

// updateCase is an update of the stored item, or of an absent one.
type updateCase struct {
	name      string
	absent    bool
	update    string
	condition string
	want      dynamo.Item // after the update
	refused   string      // or an outcome
	message   string      // of the table in memory
}

// setN is an update for cases that are about a condition.
const setN = "SET #n = :one"

var setsN = with(dynamo.Item{"n": dynamo.Number(1)})

var updateCases = []updateCase{
	// Updates.
	{name: "set", update: "SET #n = :one, #new = :abc", want: with(dynamo.Item{"n": dynamo.Number(1), "new": dynamo.String("abc")})},
	{
		name: "add and subtract", update: "SET #n = #n + :one, #new = #n - :minus",
		want: with(dynamo.Item{"n": dynamo.Number(6), "new": dynamo.Number(12)}),
	},
	{
		name: "if_not_exists of a present attribute", update: "SET #n = if_not_exists(#n, :zero) + :one",
		want: with(dynamo.Item{"n": dynamo.Number(6)}),
	},
	{
		name: "if_not_exists of an absent attribute", update: "SET #new = if_not_exists(#new, :zero) + :one",
		want: with(dynamo.Item{"new": dynamo.Number(1)}),
	},
	{
		name: "member of a map", update: "SET #m.#c = :one",
		want: with(dynamo.Item{"m": dynamo.Map(dynamo.Item{"a": dynamo.Number(1), "b": dynamo.Number(2), "c": dynamo.Number(1)})}),
	},
	{
		name: "member of an empty map", update: "SET #empty.#c = :one",
		want: with(dynamo.Item{"empty": dynamo.Map(dynamo.Item{"c": dynamo.Number(1)})}),
	},
	{name: "member of an absent map", update: "SET #new.#c = :one", refused: invalid, message: "document path"},
	{name: "member of no map", update: "SET #n.#c = :one", refused: invalid, message: "document path"},
	{name: "swap", update: "SET #n = #s, #s = #n", want: with(dynamo.Item{"n": dynamo.String("abc"), "s": dynamo.Number(5)})},
	{name: "absent operand", update: "SET #n = #new + :one", refused: invalid, message: "does not exist in the item"},
	{name: "operand of another type", update: "SET #n = #s + :one", refused: invalid, message: "incorrect data type"},
	{name: "remove", update: "REMOVE #n, #new", want: with(nil, "n")},
	{
		name: "remove a member", update: "REMOVE #m.#a, #m.#c",
		want: with(dynamo.Item{"m": dynamo.Map(dynamo.Item{"b": dynamo.Number(2)})}),
	},
	{name: "remove the last members", update: "REMOVE #m.#a, #m.#b", want: with(dynamo.Item{"m": dynamo.Map(nil)})},
	{
		name: "set and remove", update: "SET #n = :one REMOVE #m.#a",
		want: with(dynamo.Item{"n": dynamo.Number(1), "m": dynamo.Map(dynamo.Item{"b": dynamo.Number(2)})}),
	},
	{name: "remove a member of an absent map", update: "REMOVE #new.#c", refused: invalid, message: "document path"},
	{name: "remove a member of no map", update: "REMOVE #s.#c", refused: invalid, message: "document path"},
	{
		name: "add to a number", update: "ADD #n :one, #new :minus",
		want: with(dynamo.Item{"n": dynamo.Number(6), "new": dynamo.Number(-7)}),
	},
	{name: "add to a set", update: "ADD #set :setYZ", want: with(dynamo.Item{"set": dynamo.StringSet([]string{"x", "y", "z"})})},
	{name: "add to a string", update: "ADD #s :one", refused: invalid, message: "incorrect data type"},
	{name: "add a string", update: "ADD #n :abc", refused: invalid, message: "Incorrect operand type"},
	{name: "delete from a set", update: "DELETE #set :setYZ", want: with(dynamo.Item{"set": dynamo.StringSet([]string{"x"})})},
	{name: "delete the last of a set", update: "DELETE #set :setXY", want: with(nil, "set")},
	{name: "delete from an absent set", update: "DELETE #new :setX", want: stored()},
	{name: "create", absent: true, update: "SET #n = if_not_exists(#n, :zero) + :one", want: dynamo.Item{"n": dynamo.Number(1)}},
	{
		name: "create with a map", absent: true, update: "SET #m = :map",
		want: dynamo.Item{"m": dynamo.Map(dynamo.Item{"a": dynamo.Number(1)})},
	},
	{name: "create with add", absent: true, update: "ADD #n :one", want: dynamo.Item{"n": dynamo.Number(1)}},
	{name: "lower case", update: "set #n = :one remove #s", want: with(dynamo.Item{"n": dynamo.Number(1)}, "s")},

	// Conditions.
	{name: "equal", update: setN, condition: "#n = :five AND #s = :abc AND #b = :true", want: setsN},
	{name: "equal sets and maps", update: setN, condition: "#set = :setXY AND NOT #m = :map", want: setsN},
	{name: "less", update: setN, condition: "#n < :five", refused: failed},
	{name: "less or equal", update: setN, condition: "#n <= :five", want: setsN},
	{name: "greater", update: setN, condition: "#n > :minus AND :five >= #n", want: setsN},
	{name: "not equal", update: setN, condition: "#n <> :one", want: setsN},
	{name: "not equal to an absent attribute", update: setN, condition: "#new <> :one", want: setsN},
	{name: "other type", update: setN, condition: "#s < :five OR #s = :five", refused: failed},
	{name: "absent attribute", update: setN, condition: "#new < :five OR #new >= :five", refused: failed},
	{name: "exists", update: setN, condition: "attribute_exists(#n) AND attribute_not_exists(#new)", want: setsN},
	{
		name: "member exists", update: setN,
		condition: "attribute_exists(#m.#a) AND attribute_not_exists(#m.#c) AND attribute_not_exists(#new.#c)",
		want:      setsN,
	},
	{name: "size of a map", update: setN, condition: "size(#m) = :zero", refused: failed},
	{name: "size of an empty map", update: setN, condition: "size(#empty) < :one", want: setsN},
	{name: "size of a set and a string", update: setN, condition: "size(#set) < :five AND size(#s) < :five", want: setsN},
	{name: "size of an absent attribute", update: setN, condition: "size(#new) < :five", refused: failed},
	{name: "contains", update: setN, condition: "contains(#set, :x)", want: setsN},
	{name: "contains not", update: setN, condition: "contains(#set, :abc) OR contains(#new, :x)", refused: failed},
	{name: "and before or", update: setN, condition: "#n = :five OR #n = :one AND #s = :x", want: setsN},
	{name: "parentheses", update: setN, condition: "(#n = :five OR #n = :one) AND #s = :x", refused: failed},
	{name: "not", update: setN, condition: "NOT (#n = :one) AND NOT #s = :x", want: setsN},
	{name: "condition before the path", update: "SET #new.#c = :one", condition: "#n = :one", refused: failed},
	{
		name: "absent item", absent: true, update: setN, condition: "attribute_not_exists(pk)",
		want: dynamo.Item{"n": dynamo.Number(1)},
	},
	{name: "condition of an absent item", absent: true, update: setN, condition: "#n = :five", refused: failed},
	{name: "members of one attribute", update: setN, condition: "#m.#a < #m.#b", want: setsN},

	// What is no request.
	{name: "arithmetic in a condition", update: setN, condition: "#n + :one <= :five", refused: invalid, message: "Syntax error"},
	{name: "arithmetic on the right", update: setN, condition: "#n <= :five - :one", refused: invalid, message: "Syntax error"},
	{
		name: "if_not_exists in a condition", update: setN, condition: "if_not_exists(#n, :zero) < :five",
		refused: invalid, message: "placeholder",
	},
	{name: "redundant parentheses", update: setN, condition: "((#n = :five))", refused: invalid, message: "redundant parentheses"},
	{name: "same operands", update: setN, condition: "#n = #n", refused: invalid, message: "distinct"},
	{name: "order of booleans", update: setN, condition: "#b < :true", refused: invalid, message: "Incorrect operand type"},
	{name: "undefined name", update: "SET #undefined = :one", refused: invalid, message: "not defined"},
	{name: "undefined value", update: "SET #n = :undefined", refused: invalid, message: "not defined"},
	{name: "same path twice", update: "SET #n = :one, #n = :five", refused: invalid, message: "overlap"},
	{name: "overlapping paths", update: "SET #m.#c = :one REMOVE #m", refused: invalid, message: "overlap"},
	{name: "section twice", update: "SET #n = :one SET #s = :abc", refused: invalid, message: "only be used once"},
	{name: "three operands", update: "SET #n = #n + :one + :five", refused: invalid, message: "Syntax error"},
	{name: "key", update: "SET pk = :abc", refused: invalid, message: "part of the key"},
	{name: "unclosed parenthesis", update: setN, condition: "(#n = :five", refused: invalid, message: "Syntax error"},
	{name: "no operator", update: "SET #n :one", refused: invalid, message: "Syntax error"},
	{name: "other section", update: "CHANGE #n = :one", refused: invalid, message: "Syntax error"},
	{
		name: "too long", update: setN, condition: "#n = :five" + strings.Repeat(" OR #n = :five", 300),
		refused: invalid, message: "size",
	},
}

// request returns the case's update of an item, with the placeholders that it uses.
func (c updateCase) request(key dynamo.Item) dynamo.Update {
	u := dynamo.Update{
		Key: key, Update: c.update, Condition: c.condition, ReturnNew: true, ReturnOld: true,
		Names: map[string]string{}, Values: dynamo.Item{},
	}
	between := func(r rune) bool { return strings.ContainsRune(" ,.()", r) }
	for _, token := range strings.FieldsFunc(c.update+" "+c.condition, between) {
		switch {
		case token == "#undefined" || token == ":undefined":
		case token[0] == '#':
			u.Names[token] = token[1:]
		case token[0] == ':':
			u.Values[token] = values[token]
		}
	}
	return u
}

func TestUpdateItem(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		for _, c := range updateCases {
			t.Run(c.name, func(t *testing.T) { c.run(t, table) })
		}
	})
}

func (c updateCase) run(t *testing.T, table dynamotest.API) {
	key := key("T#"+c.name, "T")
	var before dynamo.Item
	if !c.absent {
		before = stored()
		maps.Copy(before, key)
		require.NoError(t, table.TransactWrite(t.Context(), []dynamo.Write{{Put: &dynamo.Put{Item: before}}}))
	}
	item, err := table.UpdateItem(t.Context(), c.request(key))
	after, getError := table.GetItem(t.Context(), key)
	require.NoError(t, getError)
	if c.want != nil {
		maps.Copy(c.want, key)
		require.NoError(t, err)
		equalItems(t, c.want, item)
		equalItems(t, c.want, after)
		return
	}
	equalItems(t, before, after)
	var apiError smithy.APIError
	var conditionFailed *dynamo.ConditionFailed
	if c.refused == failed {
		require.ErrorAs(t, err, &conditionFailed)
		equalItems(t, before, conditionFailed.Item)
		return
	}
	require.ErrorAs(t, err, &apiError)
	assert.Equal(t, c.refused, apiError.ErrorCode())
	if _, memory := table.(*dynamotest.Table); memory {
		assert.ErrorContains(t, err, c.message)
	}
}

// equalItems compares items, the order of whose sets is of no meaning.
func equalItems(t *testing.T, want, got dynamo.Item) {
	t.Helper()
	assert.Equal(t, sortedSets(want), sortedSets(got))
}

func sortedSets(item dynamo.Item) dynamo.Item {
	if item == nil {
		return nil
	}
	result := dynamo.Item{}
	for name, value := range item {
		switch {
		case value.SS != nil:
			value = dynamo.StringSet(value.SS)
		case value.M != nil:
			value = dynamo.Map(sortedSets(value.M))
		}
		result[name] = value
	}
	return result
}

func TestPlaceholdersAreUsedAndDefined(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		for name, u := range map[string]dynamo.Update{
			"unused name": {Update: "SET #n = :n", Names: map[string]string{"#n": "n", "#x": "x"}, Values: dynamo.Item{":n": dynamo.Number(1)}},
			"unused value": {
				Update: "SET #n = :n", Names: map[string]string{"#n": "n"}, Values: dynamo.Item{":n": dynamo.Number(1), ":x": dynamo.Number(1)},
			},
			"no sign":   {Update: "SET #n = :n", Names: map[string]string{"#n": "n", "x": "x"}, Values: dynamo.Item{":n": dynamo.Number(1)}},
			"no value":  {Update: "SET #n = :n", Names: map[string]string{"#n": "n"}, Values: dynamo.Item{":n": {}}},
			"empty set": {Update: "SET #n = :n", Names: map[string]string{"#n": "n"}, Values: dynamo.Item{":n": {SS: []string{}}}},
			"no number": {Update: "SET #n = :n", Names: map[string]string{"#n": "n"}, Values: dynamo.Item{":n": {N: new(string)}}},
			"no expression": {
				Names: map[string]string{"#n": "n"},
			},
		} {
			u.Key = key("T#"+name, "T")
			_, err := table.UpdateItem(t.Context(), u)
			isInvalid(t, err, name)
		}
	})
}

func isInvalid(t *testing.T, err error, name string) {
	t.Helper()
	var apiError smithy.APIError
	if assert.ErrorAs(t, err, &apiError, name) {
		assert.Equal(t, invalid, apiError.ErrorCode(), name)
	}
}

func TestKeysAreTheSchemas(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		for name, key := range map[string]dynamo.Item{
			"no sort key": {"pk": dynamo.String("a")},
			"no string":   {"pk": dynamo.String("a"), "sk": dynamo.Number(1)},
			"empty":       {"pk": dynamo.String(""), "sk": dynamo.String("a")},
			"more":        {"pk": dynamo.String("a"), "sk": dynamo.String("a"), "x": dynamo.String("a")},
		} {
			_, err := table.GetItem(t.Context(), key)
			isInvalid(t, err, "get: "+name)
			_, err = table.UpdateItem(t.Context(), dynamo.Update{Key: key, Update: "REMOVE #n", Names: map[string]string{"#n": "n"}})
			isInvalid(t, err, "update: "+name)
		}
		item, err := table.GetItem(t.Context(), key("absent", "absent"))
		require.NoError(t, err)
		assert.Nil(t, item)
	})
}

// Many names are reserved words. A placeholder works for each.
func TestNamesNeedPlaceholders(t *testing.T) {
	_, err := dynamotest.New().UpdateItem(t.Context(), dynamo.Update{Key: key("a", "a"), Update: "REMOVE ttl"})
	require.ErrorContains(t, err, "placeholder")
}
