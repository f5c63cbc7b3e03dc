package clientstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

const (
	name  = "acme"
	keyID = "k7f3q9ab"
	model = "amazon.nova-micro-v1:0"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func policy() client.Policy {
	return client.Policy{
		Revision: 3, Enabled: true, Keys: []string{keyID}, PerMinute: 1000, AtOnce: client.MaxAtOnce,
		Budget: client.Budget{Limit: 1000, Unit: client.Dollars, Period: client.Month},
	}
}

// with returns a store on a table that has the client.
func with(t *testing.T, table dynamotest.API, p client.Policy) clientstore.Store {
	t.Helper()
	put := &dynamo.Put{Item: client.NewItem(name, p)}
	require.NoError(t, table.TransactWrite(t.Context(), []dynamo.Write{{Put: put}}))
	return clientstore.Store{Table: table}
}

func record(t *testing.T, store clientstore.Store) client.Record {
	t.Helper()
	record, found, err := store.Client(t.Context(), name)
	require.NoError(t, err)
	require.True(t, found)
	return record
}

// ask returns a request that uses at most an amount.
func ask(amount price.Amount, nonce string) budget.Ask {
	return budget.Ask{
		Now: noon, HoldID: client.HoldID(noon.Add(time.Minute), nonce), Key: keyID, Model: model, Most: budget.Use{Cost: amount},
	}
}

func decide(t *testing.T, known client.Record, a budget.Ask) budget.Reservation {
	t.Helper()
	reservation, refusal := budget.Decide(known, a)
	require.Nil(t, refusal)
	return reservation
}

const window = "u$m2026-11"

func TestReserveAndSettle(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		store := with(t, table, policy())
		reservation := decide(t, record(t, store), ask(300, "a"))
		reply, err := store.Reserve(t.Context(), reservation)
		require.NoError(t, err)
		assert.True(t, reply.Applied)
		assert.Equal(t, record(t, store), *reply.Record)
		assert.Equal(t, int64(300), reply.Record.Used[window])
		assert.Equal(t, map[string]int64{reservation.HoldID: 300}, reply.Record.Holds)

		used := budget.Outcome{Charge: budget.ChargedUse, Use: budget.Use{Cost: 120}}
		settlement := reservation.Settle(used, *reply.Record, noon)
		for i, want := range []bool{true, false} {
			applied, err := store.Settle(t.Context(), settlement)
			require.NoError(t, err)
			assert.Equal(t, want, applied, "time %d", i)
		}
		after := record(t, store)
		assert.Equal(t, int64(120), after.Used[window])
		assert.Empty(t, after.Holds)
	})
}

func TestAReservationThatFailsHasTheRecord(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		store := with(t, table, policy())
		known := record(t, store)
		first, err := store.Reserve(t.Context(), decide(t, known, ask(900, "a")))
		require.NoError(t, err)

		second := decide(t, known, ask(900, "b"))
		reply, err := store.Reserve(t.Context(), second)
		require.NoError(t, err)
		assert.False(t, reply.Applied)
		assert.Equal(t, first.Record, reply.Record)
		verdict, refusal := second.Conclude(reply)
		assert.Equal(t, budget.Refused, verdict)
		assert.Equal(t, budget.BudgetInUse, refusal.Reason)

		require.NoError(t, store.EndKey(t.Context(), name, keyID))
		reply, err = store.Reserve(t.Context(), second)
		require.NoError(t, err)
		verdict, _ = second.Conclude(reply)
		assert.Equal(t, budget.Again, verdict)
		_, refusal = budget.Decide(*reply.Record, ask(1, "c"))
		assert.Equal(t, budget.InvalidKey, refusal.Reason)
	})
}

func TestFinalReservationsHoldNothing(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		store := with(t, table, policy())
		final := ask(300, "a")
		final.Final = true
		reply, err := store.Reserve(t.Context(), decide(t, record(t, store), final))
		require.NoError(t, err)
		assert.True(t, reply.Applied)
		assert.Equal(t, int64(300), reply.Record.Used[window])
		assert.Empty(t, reply.Record.Holds)
	})
}

func TestExpiredHoldsMakeRoom(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		p := policy()
		p.AtOnce = 2
		store := with(t, table, p)
		for i := range 2 {
			_, err := store.Reserve(t.Context(), decide(t, record(t, store), ask(10, strconv.Itoa(i))))
			require.NoError(t, err)
		}
		later := ask(10, "later")
		later.Now = noon.Add(time.Hour)
		later.HoldID = client.HoldID(later.Now.Add(time.Minute), "later")
		reply, err := store.Reserve(t.Context(), decide(t, record(t, store), later))
		require.NoError(t, err)
		require.True(t, reply.Applied)
		assert.Equal(t, map[string]int64{later.HoldID: 10}, reply.Record.Holds)
		assert.Equal(t, int64(30), reply.Record.Used[window], "expired holds stay charged")
	})
}

func TestAClientThatIsAbsent(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		store := with(t, table, policy())
		reservation := decide(t, record(t, store), ask(1, "a"))
		reservation.Client = "other"
		reply, err := store.Reserve(t.Context(), reservation)
		require.NoError(t, err)
		assert.Equal(t, budget.Reply{}, reply)
		_, found, err := store.Client(t.Context(), "other")
		require.NoError(t, err)
		assert.False(t, found, "no client appears by itself")
		applied, err := store.Settle(t.Context(), reservation.Settle(budget.Outcome{}, client.Record{}, noon))
		require.NoError(t, err)
		assert.False(t, applied)
		require.NoError(t, store.EndKey(t.Context(), "other", keyID))
	})
}

func TestEndKeyTakesItOffOnce(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		p := policy()
		p.Keys = []string{keyID, "other"}
		store := with(t, table, p)
		for range 2 {
			require.NoError(t, store.EndKey(t.Context(), name, keyID))
			after := record(t, store)
			assert.Equal(t, []string{"other"}, after.Keys)
			assert.Equal(t, int64(4), after.Revision, "the second time changes nothing")
		}
		require.NoError(t, store.EndKey(t.Context(), name, "other"))
		assert.Empty(t, record(t, store).Keys)
	})
}

// The sum of what is charged never passes the limit, with any number of requests at the
// same time, lost replies and repeated writes.
func TestNoOverspendWithLostReplies(t *testing.T) {
	table := dynamotest.New()
	p := policy()
	store := with(t, table, p)
	lost := errors.New("lost")
	fail := func(operation string) error {
		if operation == dynamotest.UpdateItem && rand.IntN(3) == 0 {
			return lost
		}
		return nil
	}
	table.Before, table.After = fail, fail
	known := record(t, store)
	var mu sync.Mutex
	var charged int64
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			if cost := spend(t, store, known, ask(100, strconv.Itoa(i))); cost > 0 {
				mu.Lock()
				defer mu.Unlock()
				charged += cost
			}
		})
	}
	group.Wait()
	table.Before, table.After = nil, nil
	after := record(t, store)
	assert.Positive(t, charged)
	assert.LessOrEqual(t, charged, after.Used[window])
	assert.LessOrEqual(t, after.Used[window], p.Budget.Limit)
	assert.Empty(t, after.Holds)
}

// spend reserves and settles a request, with repeats, and returns its cost.
func spend(t *testing.T, store clientstore.Store, known client.Record, a budget.Ask) int64 {
	for {
		reservation, refusal := budget.Decide(known, a)
		if refusal != nil {
			return 0
		}
		reply := repeat(func() (budget.Reply, error) { return store.Reserve(t.Context(), reservation) })
		switch verdict, _ := reservation.Conclude(reply); verdict {
		case budget.Refused:
			return 0
		case budget.Again:
			known = *reply.Record
			continue
		}
		cost := 1 + rand.Int64N(int64(a.Most.Cost))
		outcome := budget.Outcome{Charge: budget.ChargedUse, Use: budget.Use{Cost: price.Amount(cost)}}
		settlement := reservation.Settle(outcome, *reply.Record, a.Now)
		repeat(func() (bool, error) { return store.Settle(t.Context(), settlement) })
		return cost
	}
}

func repeat[T any](call func() (T, error)) T {
	for {
		if result, err := call(); err == nil {
			return result
		}
	}
}

// A client that doesn't exist is one thing, a reply without its item another.
func TestAReplyWithoutTheItemIsAnError(t *testing.T) {
	known := record(t, with(t, dynamotest.New(), policy()))
	reply, err := clientstore.Store{Table: &recorder{}}.Reserve(t.Context(), decide(t, known, ask(1, "a")))
	require.ErrorContains(t, err, "damaged")
	assert.Equal(t, budget.Reply{}, reply)
}

func TestErrorsNameTheClient(t *testing.T) {
	table := dynamotest.New()
	store := with(t, table, policy())
	known := record(t, store)
	reservation := decide(t, known, ask(1, "a"))
	down := errors.New("down")
	table.Before = func(string) error { return down }
	_, _, clientError := store.Client(t.Context(), name)
	_, reserveError := store.Reserve(t.Context(), reservation)
	_, settleError := store.Settle(t.Context(), reservation.Settle(budget.Outcome{}, known, noon))
	_, usageError := store.Usage(t.Context(), name, noon, noon)
	for _, err := range []error{
		clientError, reserveError, settleError, usageError,
		store.AddUsage(t.Context(), clientstore.Row{Client: name}, 1), store.EndKey(t.Context(), name, keyID),
	} {
		require.ErrorIs(t, err, down)
		require.ErrorContains(t, err, name)
	}
}

func TestDamagedItemsAreErrors(t *testing.T) {
	table := dynamotest.New()
	store := with(t, table, policy())
	reservation := decide(t, record(t, store), ask(1, "a"))
	item := client.NewItem(name, policy())
	delete(item, "unit")
	table.Put(item)
	_, found, err := store.Client(t.Context(), name)
	require.ErrorContains(t, err, "damaged")
	assert.False(t, found)
	reply, err := store.Reserve(t.Context(), reservation)
	require.ErrorContains(t, err, fmt.Sprintf("reserve for client %s", name))
	assert.Equal(t, budget.Reply{}, reply)
}
