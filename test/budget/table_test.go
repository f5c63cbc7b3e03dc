package budget_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

const clientName = "acme"

// table numbers the items that occur, and remembers the outcome of each write of each.
type table struct {
	dynamo   *dynamotest.Table
	counters map[string]uint8 // by name
	items    []itemFacts
	ids      map[string]id
	outcomes map[[2]id]outcome
}

// itemFacts are an item, and what is often asked about it.
type itemFacts struct {
	item       dynamo.Item
	record     client.Record
	used       [mostCounters]int64
	remembered id // the record that a copy remembers; 0: not known yet
}

type outcome struct {
	item    id
	applied bool
}

func newTable() *table {
	t := &table{dynamo: dynamotest.New(), counters: map[string]uint8{}, ids: map[string]id{}, outcomes: map[[2]id]outcome{}}
	for _, b := range []client.Budget{
		{Unit: client.Dollars, Period: client.Day},
		{Unit: client.Dollars, Period: client.Month},
		{Unit: client.Tokens, Period: client.Day},
	} {
		for _, moment := range moments {
			if name := b.Counter(moment); t.counters[name] == noCounter {
				t.counters[name] = uint8(len(t.counters) + 1)
			}
		}
	}
	t.items = make([]itemFacts, 1)
	return t
}

// number returns the number of an item.
func (t *table) number(item dynamo.Item) id {
	text := textOfItem(item)
	if n, known := t.ids[text]; known {
		return n
	}
	record, err := client.ParseItem(item)
	if err != nil {
		panic(err)
	}
	facts := itemFacts{item: item, record: record}
	for name, used := range record.Used {
		facts.used[t.counters[name]] = used
	}
	n := id(len(t.items))
	if n == 0 {
		panic("budget: too many items")
	}
	t.items = append(t.items, facts)
	t.ids[text] = n
	return n
}

// textOfItem returns the same text of the same items only.
func textOfItem(item dynamo.Item) string {
	names := make([]string, 0, len(item))
	for name := range item {
		names = append(names, name)
	}
	slices.Sort(names)
	var text []byte
	for _, name := range names {
		value := item[name]
		text = append(append(text, name...), '=')
		switch {
		case value.N != nil:
			text = append(text, *value.N...)
		case value.S != nil:
			text = append(append(text, '"'), *value.S...)
		case value.BOOL != nil:
			text = strconv.AppendBool(text, *value.BOOL)
		case value.M != nil:
			text = append(append(append(text, '{'), textOfItem(value.M)...), '}')
		default:
			text = append(text, strings.Join(value.SS, ",")...)
		}
		text = append(text, ';')
	}
	return string(text)
}

// record returns the number of the record that a copy remembers of an item: the
// counters' values are left out, by which nothing is decided.
func (t *table) record(n id) id {
	if known := t.items[n].remembered; known != 0 {
		return known
	}
	item := dynamo.Item{}
	for name, value := range t.items[n].item {
		_, counter := t.items[n].record.Used[name]
		_, minute := t.items[n].record.Minutes[name]
		switch {
		case counter:
		case minute:
			item[name] = dynamo.Number(1)
		default:
			item[name] = value
		}
	}
	known := t.number(item)
	t.items[n].remembered = known
	return known
}

// apply evaluates a write of an item.
func (t *table) apply(n id, at id, update dynamo.Update) outcome {
	key := [2]id{n, at}
	if o, known := t.outcomes[key]; known {
		return o
	}
	o := t.evaluate(n, update)
	t.outcomes[key] = o
	return o
}

func (t *table) evaluate(n id, update dynamo.Update) outcome {
	update.ReturnNew = true
	t.dynamo.Put(t.items[n].item)
	item, err := t.dynamo.UpdateItem(context.Background(), update)
	if failed := (*dynamo.ConditionFailed)(nil); errors.As(err, &failed) {
		return outcome{item: n}
	}
	if err != nil {
		panic(fmt.Sprintf("%v\n%s\n%s", err, update.Update, update.Condition))
	}
	return outcome{item: t.number(item), applied: true}
}

// write is a reservation's or a settlement's write of one request.
type write struct {
	request     int
	held        uint8 // the moment of the hold's id
	reservation budget.Reservation
	settlement  *budget.Settlement
	update      dynamo.Update
	counter     uint8
}

// holdID returns the id of a request's hold, by the moment of its decision.
func holdID(request int, moment uint8) string {
	return client.HoldID(moments[moment].Add(holdLife), string(rune('A'+request)))
}

// nameOf returns the name of a request by the id of its hold.
func nameOf(hold string) string {
	_, name, _ := strings.Cut(hold, "-")
	return name
}
