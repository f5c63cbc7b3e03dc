package budget_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

const (
	name  = "acme"
	keyID = "k7f3q9ab"
	model = "amazon.nova-micro-v1:0"
)

var noon = time.Date(2026, 11, 28, 12, 0, 30, 0, time.UTC)

// The attributes of noon.
const (
	window = "u$m2026-11"
	minute = "r29931120"
)

func policy() client.Policy {
	return client.Policy{
		Revision: 3, Enabled: true, Keys: []string{keyID}, PerMinute: 60, AtOnce: 10,
		Budget: client.Budget{Limit: 1000, Unit: client.Dollars, Period: client.Month},
	}
}

// known returns a client's record with a policy, that has used nothing.
func known(p client.Policy) client.Record {
	return client.Record{Name: name, Policy: p, Used: map[string]int64{}, Minutes: map[string]int64{}, Holds: map[string]int64{}}
}

func ask() budget.Ask {
	return budget.Ask{
		Now: noon, HoldID: hold(time.Minute, "mine"), Key: keyID, Model: model, Most: budget.Use{Cost: 100, Tokens: 20},
	}
}

// hold returns the id of a hold that ends some time after noon.
func hold(after time.Duration, nonce string) string { return client.HoldID(noon.Add(after), nonce) }

// addHolds adds n holds of 1 that end some time after noon.
func addHolds(r client.Record, n int, after time.Duration) client.Record {
	for i := range n {
		r.Holds[hold(after, fmt.Sprintf("%03d", i))] = 1
	}
	return r
}

func decide(t *testing.T, r client.Record, a budget.Ask) budget.Reservation {
	t.Helper()
	reservation, refusal := budget.Decide(r, a)
	require.Nil(t, refusal)
	return reservation
}

// item returns the item of a record.
func item(r client.Record) dynamo.Item {
	all := client.NewItem(r.Name, r.Policy)
	for _, counters := range []map[string]int64{r.Used, r.Minutes} {
		for attribute, n := range counters {
			all[attribute] = dynamo.Number(n)
		}
	}
	holds := dynamo.Item{}
	for id, amount := range r.Holds {
		holds[id] = dynamo.Number(amount)
	}
	all[client.HoldsAttribute] = dynamo.Map(holds)
	return all
}

// table is a table with the item of a client.
type table struct {
	*dynamotest.Table
}

func tableWith(r client.Record) table {
	all := dynamotest.New()
	all.Put(item(r))
	return table{all}
}

// reserve writes a reservation, and returns the reply.
func (tab table) reserve(t *testing.T, r budget.Reservation) budget.Reply {
	t.Helper()
	updated, err := tab.UpdateItem(t.Context(), r.Update())
	if failed := (*dynamo.ConditionFailed)(nil); errors.As(err, &failed) {
		if failed.Item == nil {
			return budget.Reply{}
		}
		record, err := client.ParseItem(failed.Item)
		require.NoError(t, err)
		return budget.Reply{Record: &record}
	}
	require.NoError(t, err)
	record, err := client.ParseItem(updated)
	require.NoError(t, err)
	return budget.Reply{Applied: true, Record: &record}
}

// settle writes a settlement, and returns whether it was applied.
func (tab table) settle(t *testing.T, s budget.Settlement) bool {
	t.Helper()
	_, err := tab.UpdateItem(t.Context(), s.Update())
	if failed := (*dynamo.ConditionFailed)(nil); errors.As(err, &failed) {
		return false
	}
	require.NoError(t, err)
	return true
}

func (tab table) record(t *testing.T) client.Record {
	t.Helper()
	all, err := tab.GetItem(t.Context(), client.Key(name))
	require.NoError(t, err)
	record, err := client.ParseItem(all)
	require.NoError(t, err)
	return record
}
