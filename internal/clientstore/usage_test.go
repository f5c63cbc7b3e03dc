package clientstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

func row(client string, at time.Time, model string, n int64) clientstore.Row {
	return clientstore.Row{Client: client, Day: at, Model: model, Requests: n, Input: 10 * n, Output: 20 * n, Cost: 30}
}

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

func TestUsageSumsUpByDayAndModel(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		store := clientstore.Store{Table: table}
		west := time.FixedZone("west", -8*60*60)
		for _, added := range []clientstore.Row{
			row(name, noon, model, 1), row(name, noon.Add(time.Hour), model, 2), row(name, noon, "", 1),
			row(name, day(29), model, 1), row(name, day(30), model, 1), row("other", noon, model, 1),
			row(name, time.Date(2026, 11, 28, 20, 0, 0, 0, west), "late", 1),
		} {
			require.NoError(t, store.AddUsage(t.Context(), added, 400))
		}
		rows, err := store.Usage(t.Context(), name, noon, day(29))
		require.NoError(t, err)
		sum := row(name, day(28), model, 3)
		sum.Cost = 60
		assert.Equal(t, []clientstore.Row{row(name, day(28), "", 1), sum, row(name, day(29), model, 1), row(name, day(29), "late", 1)}, rows)

		rows, err = store.Usage(t.Context(), name, day(30), day(28))
		require.NoError(t, err)
		assert.Empty(t, rows)
	})
}

func TestUsageRowsEnd(t *testing.T) {
	table := dynamotest.New()
	require.NoError(t, clientstore.Store{Table: table}.AddUsage(t.Context(), row(name, noon, model, 1), 400))
	items := table.Items()
	require.Len(t, items, 1)
	ttl, _ := items[0][clientstore.TTLAttribute].Int()
	assert.Equal(t, day(28).AddDate(0, 0, 401).Unix(), ttl, "400 whole days after the day")
}

// recorder records an update.
type recorder struct {
	clientstore.Table
	update dynamo.Update
}

func (r *recorder) UpdateItem(_ context.Context, update dynamo.Update) (dynamo.Item, error) {
	r.update = update
	return nil, nil
}

func TestOnlyUsageIsNotRepeated(t *testing.T) {
	r := &recorder{}
	store := clientstore.Store{Table: r}
	require.NoError(t, store.AddUsage(t.Context(), row(name, noon, model, 1), 400))
	assert.True(t, r.update.Once)
	require.NoError(t, store.EndKey(t.Context(), name, keyID))
	assert.False(t, r.update.Once)
}

func TestDamagedRowsAreErrors(t *testing.T) {
	for _, sort := range []string{"2026-11-28", "2026-11-28x#m", "2026-11-28#m"} {
		table := dynamotest.New()
		table.Put(dynamo.Item{
			dynamo.PartitionKey: dynamo.String(clientstore.UsageKey(name)), dynamo.SortKey: dynamo.String(sort), "n": dynamo.Number(1),
		})
		_, err := clientstore.Store{Table: table}.Usage(t.Context(), name, noon, noon)
		require.ErrorContains(t, err, sort)
	}
}
