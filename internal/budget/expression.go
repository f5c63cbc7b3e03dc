package budget

import (
	"fmt"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// expression collects the names and values of an update's expressions. Every attribute
// has a placeholder, since many of their names are reserved words.
type expression struct {
	names  map[string]string
	values dynamo.Item
}

func newExpression() *expression {
	return &expression{names: map[string]string{}, values: dynamo.Item{}}
}

// name returns the placeholder of an attribute.
func (e *expression) name(placeholder, attribute string) string {
	e.names[placeholder] = attribute
	return placeholder
}

// number returns the placeholder of a number.
func (e *expression) number(placeholder string, n int64) string {
	e.values[placeholder] = dynamo.Number(n)
	return placeholder
}

// add returns the clause that adds to a counter, which may not exist yet.
func (e *expression) add(counter string, n int64) string {
	placeholder := "#" + counter[:1]
	return fmt.Sprintf("%[1]s = if_not_exists(%[1]s, %[2]s) + %[3]s",
		e.name(placeholder, counter), e.number(":zero", 0), e.number(":"+counter[:1], n))
}

// hold returns the path of a hold.
func (e *expression) hold(placeholder, id string) string {
	return e.name("#h", client.HoldsAttribute) + "." + e.name(placeholder, id)
}

// holds returns the paths of holds.
func (e *expression) holds(ids []string) []string {
	paths := make([]string, len(ids))
	for i, id := range ids {
		paths[i] = e.hold("#d"+strconv.Itoa(i), id)
	}
	return paths
}
