package dynamotest

import (
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// invalid returns the service's error for a request that breaks a rule.
func invalid(message string) error {
	return &smithy.GenericAPIError{Code: "ValidationException", Message: message, Fault: smithy.FaultClient}
}

func keyOf(item dynamo.Item) primaryKey {
	return primaryKey{item[dynamo.PartitionKey].Text(), item[dynamo.SortKey].Text()}
}

// errSchema is the error for a key that is not that of the table. A transaction is
// canceled for it, whereas other invalid requests are none.
var errSchema = invalid("The provided key element does not match the schema")

// checkKey returns an error unless an item is a primary key.
func checkKey(key dynamo.Item) error {
	if len(key) != 2 {
		return errSchema
	}
	return checkKeyAttributes(key)
}

func checkKeyAttributes(item dynamo.Item) error {
	for _, name := range []string{dynamo.PartitionKey, dynamo.SortKey} {
		switch {
		case item[name].S == nil:
			return errSchema
		case item[name].Text() == "":
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain " +
				"an empty string value. Key: " + name)
		}
	}
	return nil
}

// checkItem returns an error unless a table can store an item.
func checkItem(item dynamo.Item) error {
	if err := checkKeyAttributes(item); err != nil {
		return err
	}
	return checkValues(item)
}

func checkValues(item dynamo.Item) error {
	for _, value := range item {
		if err := checkValue(value); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(v dynamo.Value) error {
	switch typeOf(v) {
	case "":
		return invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	case "N":
		n, ok := new(big.Int).SetString(*v.N, 10)
		if !ok || len(n.Text(10)) > maxDigits {
			return invalid("A value provided cannot be converted into a number, or is no whole one of at most 38 digits")
		}
	case "SS":
		if len(v.SS) == 0 {
			return invalid("One or more parameter values were invalid: An string set  may not be empty")
		}
		if distinct := slices.Compact(slices.Sorted(slices.Values(v.SS))); len(distinct) != len(v.SS) {
			return invalid("One or more parameter values were invalid: Input collection contains duplicates")
		}
	case "M":
		return checkValues(v.M)
	}
	return nil
}

// maxDigits is that of a number in DynamoDB. Whole numbers are all that Gatehouse stores.
const maxDigits = 38

// typeOf returns the type of a value, or "" unless it has exactly one member.
func typeOf(v dynamo.Value) string {
	var types []string
	for name, set := range map[string]bool{"S": v.S != nil, "N": v.N != nil, "BOOL": v.BOOL != nil, "SS": v.SS != nil, "M": v.M != nil} {
		if set {
			types = append(types, name)
		}
	}
	if len(types) != 1 {
		return ""
	}
	return types[0]
}

func number(v dynamo.Value) *big.Int {
	n, _ := new(big.Int).SetString(*v.N, 10)
	return n
}

func numberValue(n *big.Int) dynamo.Value {
	text := n.Text(10)
	return dynamo.Value{N: &text}
}

// clone returns a copy in the service's form: sets sorted, numbers without leading zeros.
func clone(item dynamo.Item) dynamo.Item {
	if item == nil {
		return nil
	}
	copied := make(dynamo.Item, len(item))
	for name, value := range item {
		copied[name] = cloneValue(value)
	}
	return copied
}

func cloneValue(v dynamo.Value) dynamo.Value {
	switch typeOf(v) {
	case "S":
		return dynamo.String(*v.S)
	case "N":
		return numberValue(number(v))
	case "BOOL":
		return dynamo.Bool(*v.BOOL)
	case "SS":
		return dynamo.StringSet(v.SS)
	}
	return dynamo.Map(clone(v.M))
}

// isEqual reports whether two values have the same type and value.
func isEqual(a, b dynamo.Value) bool {
	if typeOf(a) != typeOf(b) {
		return false
	}
	switch typeOf(a) {
	case "M":
		return maps.EqualFunc(a.M, b.M, isEqual)
	case "SS":
		return slices.Equal(slices.Sorted(slices.Values(a.SS)), slices.Sorted(slices.Values(b.SS)))
	case "BOOL":
		return *a.BOOL == *b.BOOL
	}
	order, _ := compare(a, b)
	return order == 0
}

// compare returns the order of two strings or two numbers, and whether they have one.
func compare(a, b dynamo.Value) (int, bool) {
	switch {
	case a.S != nil && b.S != nil:
		return strings.Compare(*a.S, *b.S), true
	case a.N != nil && b.N != nil:
		return number(a).Cmp(number(b)), true
	}
	return 0, false
}

// size returns the size of a value as the function size does, and whether it has one.
func size(v dynamo.Value) (int, bool) {
	switch typeOf(v) {
	case "S":
		return len([]rune(*v.S)), true
	case "SS":
		return len(v.SS), true
	case "M":
		return len(v.M), true
	}
	return 0, false
}
