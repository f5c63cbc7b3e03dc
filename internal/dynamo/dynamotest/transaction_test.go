package dynamotest_test

import (
	"maps"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

func item(partition, sort string, n int64) dynamo.Item {
	item := dynamo.Item{"n": dynamo.Number(n)}
	maps.Copy(item, key(partition, sort))
	return item
}

func put(t *testing.T, table dynamotest.API, items ...dynamo.Item) {
	t.Helper()
	writes := make([]dynamo.Write, len(items))
	for i, item := range items {
		writes[i].Put = &dynamo.Put{Item: item}
	}
	require.NoError(t, table.TransactWrite(t.Context(), writes))
}

func TestATransactionAppliesAllWrites(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		put(t, table, item("a", "1", 1), item("a", "2", 2), item("a", "3", 3))
		require.NoError(t, table.TransactWrite(t.Context(), []dynamo.Write{
			{Put: &dynamo.Put{Item: item("a", "0", 10), Condition: "attribute_not_exists(pk)"}},
			{Update: &dynamo.Update{
				Key: key("a", "1"), Update: "SET #n = #n + :ten", Condition: "#n < :ten",
				Names: map[string]string{"#n": "n"}, Values: dynamo.Item{":ten": dynamo.Number(10)},
			}},
			{Delete: &dynamo.Delete{Key: key("a", "2"), Condition: "attribute_exists(pk)"}},
			{Check: &dynamo.Check{
				Key: key("a", "3"), Condition: "#n = :three",
				Names: map[string]string{"#n": "n"}, Values: dynamo.Item{":three": dynamo.Number(3)},
			}},
			{Delete: &dynamo.Delete{Key: key("a", "absent")}},
		}))
		items, err := table.Query(t.Context(), dynamo.Query{Partition: "a"})
		require.NoError(t, err)
		assert.Equal(t, []dynamo.Item{item("a", "0", 10), item("a", "1", 11), item("a", "3", 3)}, items)
	})
}

func TestACanceledTransactionAppliesNothing(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		put(t, table, item("a", "1", 1), item("a", "2", 2))
		err := table.TransactWrite(t.Context(), []dynamo.Write{
			{Put: &dynamo.Put{Item: item("a", "0", 10)}},
			{Put: &dynamo.Put{Item: item("a", "1", 10), Condition: "attribute_not_exists(pk)", ReturnOld: true}},
			{Delete: &dynamo.Delete{Key: key("a", "2"), Condition: "attribute_not_exists(pk)"}},
			{Check: &dynamo.Check{Key: key("a", "absent"), Condition: "attribute_exists(pk)", ReturnOld: true}},
		})
		var canceled *dynamo.TransactionCanceled
		require.ErrorAs(t, err, &canceled)
		assert.Equal(t, []dynamo.Reason{
			{Code: dynamo.ReasonNone},
			{Code: dynamo.ReasonConditionFailed, Item: item("a", "1", 1)},
			{Code: dynamo.ReasonConditionFailed},
			{Code: dynamo.ReasonConditionFailed},
		}, canceled.Reasons)
		items, err := table.Query(t.Context(), dynamo.Query{Partition: "a"})
		require.NoError(t, err)
		assert.Equal(t, []dynamo.Item{item("a", "1", 1), item("a", "2", 2)}, items)
	})
}

func TestTransactionsThatAreNone(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		many := make([]dynamo.Write, dynamo.MaxWrites+1)
		for i := range many {
			many[i].Put = &dynamo.Put{Item: item("a", strconv.Itoa(i), 1)}
		}
		for name, writes := range map[string][]dynamo.Write{
			"no writes":    {},
			"too many":     many,
			"same item":    {{Put: &dynamo.Put{Item: item("a", "1", 1)}}, {Delete: &dynamo.Delete{Key: key("a", "1")}}},
			"no kind":      {{}},
			"two kinds":    {{Put: &dynamo.Put{Item: item("a", "1", 1)}, Delete: &dynamo.Delete{Key: key("a", "2")}}},
			"no condition": {{Check: &dynamo.Check{Key: key("a", "1")}}},
			"no update":    {{Update: &dynamo.Update{Key: key("a", "1")}}},
			"empty key":    {{Put: &dynamo.Put{Item: key("a", "")}}},
			"arithmetic": {{Check: &dynamo.Check{
				Key: key("a", "1"), Condition: "#n + :n < :n", Names: map[string]string{"#n": "n"}, Values: dynamo.Item{":n": dynamo.Number(1)},
			}}},
			"unused": {{Delete: &dynamo.Delete{Key: key("a", "1"), Condition: "attribute_exists(pk)", Names: map[string]string{"#n": "n"}}}},
		} {
			isInvalid(t, table.TransactWrite(t.Context(), writes), name)
		}
		items, err := table.Query(t.Context(), dynamo.Query{Partition: "a"})
		require.NoError(t, err)
		assert.Empty(t, items)
	})
}

// The service finds these only when it has begun the transaction.
func TestTransactionsAreCanceledForWhatTheTableRefuses(t *testing.T) {
	one := dynamo.Item{":one": dynamo.Number(1)}
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		for name, refused := range map[string]dynamo.Write{
			"no sort key":         {Put: &dynamo.Put{Item: dynamo.Item{"pk": dynamo.String("a")}}},
			"key of another type": {Delete: &dynamo.Delete{Key: dynamo.Item{"pk": dynamo.String("a"), "sk": dynamo.Number(1)}}},
			"absent map": {Update: &dynamo.Update{
				Key: key("a", "1"), Update: "SET #m.#n = :one", Names: map[string]string{"#m": "m", "#n": "n"}, Values: one,
			}},
			"absent operand": {Update: &dynamo.Update{
				Key: key("a", "1"), Update: "SET #n = #n + :one", Names: map[string]string{"#n": "n"}, Values: one,
			}},
		} {
			err := table.TransactWrite(t.Context(), []dynamo.Write{{Put: &dynamo.Put{Item: item("a", "0", 1)}}, refused})
			var canceled *dynamo.TransactionCanceled
			require.ErrorAs(t, err, &canceled, name)
			assert.Equal(t, []dynamo.Reason{{Code: dynamo.ReasonNone}, {Code: dynamo.ReasonValidation}}, canceled.Reasons, name)
		}
		items, err := table.Query(t.Context(), dynamo.Query{Partition: "a"})
		require.NoError(t, err)
		assert.Empty(t, items)
	})
}

func TestQueriesSelectBySortKey(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		put(t, table, item("a", "1", 1), item("a", "2", 2), item("a", "2#x", 3), item("a", "3", 4), item("b", "2", 5))
		for q, want := range map[dynamo.Query][]int64{
			{Partition: "a"}:                     {1, 2, 3, 4},
			{Partition: "a", From: "2"}:          {2, 3, 4},
			{Partition: "a", To: "2"}:            {1, 2},
			{Partition: "a", From: "2", To: "3"}: {2, 3, 4},
			{Partition: "a", From: "2", To: "2"}: {2},
			{Partition: "c"}:                     {},
		} {
			items, err := table.Query(t.Context(), q)
			require.NoError(t, err)
			assert.Equal(t, want, numbers(items), "%+v", q)
		}
		for _, q := range []dynamo.Query{{}, {Partition: "a", From: "3", To: "2"}} {
			_, err := table.Query(t.Context(), q)
			isInvalid(t, err, q.From)
		}
	})
}

func numbers(items []dynamo.Item) []int64 {
	all := []int64{}
	for _, item := range items {
		n, _ := item["n"].Int()
		all = append(all, n)
	}
	return all
}

func TestScansSelectByPrefix(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		put(t, table, item("C#a", "C", 1), item("C#b", "C", 2), item("U#a", "x", 3))
		for prefix, want := range map[string][]int64{"C#": {1, 2}, "U#": {3}, "X": {}, "": {1, 2, 3}} {
			items, err := table.Scan(t.Context(), prefix)
			require.NoError(t, err)
			assert.ElementsMatch(t, want, numbers(items), prefix)
		}
	})
}
