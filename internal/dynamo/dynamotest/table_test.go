package dynamotest_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

func key(partition, sort string) dynamo.Item {
	return dynamo.Item{dynamo.PartitionKey: dynamo.String(partition), dynamo.SortKey: dynamo.String(sort)}
}

// count adds one to the attribute n of an item.
var count = dynamo.Update{
	Key: key("a", "a"), Update: "SET #n = if_not_exists(#n, :zero) + :one", Names: map[string]string{"#n": "n"},
	Values: dynamo.Item{":zero": dynamo.Number(0), ":one": dynamo.Number(1)}, ReturnNew: true,
}

func TestHooksFailBeforeAndAfter(t *testing.T) {
	table := dynamotest.New()
	lost := errors.New("lost")
	fail := func(operation string) error {
		assert.Equal(t, dynamotest.UpdateItem, operation)
		return lost
	}
	table.Before = fail
	_, err := table.UpdateItem(t.Context(), count)
	require.ErrorIs(t, err, lost)
	assert.Empty(t, table.Items())

	table.Before, table.After = nil, fail
	item, err := table.UpdateItem(t.Context(), count)
	require.ErrorIs(t, err, lost)
	assert.Nil(t, item)
	assert.Equal(t, dynamo.Number(1), table.Items()[0]["n"], "the write is applied, the reply lost")
	assert.Equal(t, 1, table.Calls(dynamotest.UpdateItem))
}

func TestWritesAtTheSameTimeAreSerial(t *testing.T) {
	table := dynamotest.New()
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			_, err := table.UpdateItem(t.Context(), count)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.Equal(t, dynamo.Number(50), table.Items()[0]["n"])
}

func TestItemsAreCopies(t *testing.T) {
	table := dynamotest.New()
	stored := key("a", "a")
	stored["m"] = dynamo.Map(dynamo.Item{"x": dynamo.Number(1)})
	table.Put(stored)
	stored["m"].M["x"] = dynamo.Number(2)
	read, err := table.GetItem(t.Context(), key("a", "a"))
	require.NoError(t, err)
	read["m"].M["y"] = dynamo.Number(3)
	assert.Equal(t, dynamo.Map(dynamo.Item{"x": dynamo.Number(1)}), table.Items()[0]["m"])
}

func TestPutRefusesWhatNoTableHas(t *testing.T) {
	for _, item := range []dynamo.Item{
		nil,
		{"pk": dynamo.String("a")},
		{"pk": dynamo.String("a"), "sk": dynamo.Number(1)},
		{"pk": dynamo.String("a"), "sk": dynamo.String("a"), "x": dynamo.Value{}},
		{"pk": dynamo.String("a"), "sk": dynamo.String("a"), "x": dynamo.Value{SS: []string{}}},
	} {
		assert.Panics(t, func() { dynamotest.New().Put(item) })
	}
}
