package admission_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

const model = "amazon.nova-micro-v1:0"

// need is that of a request to the model.
var need = admission.Need{Model: model, Input: 100, Choices: 1, Output: 10}

var done = chat.Completion{
	Choices: []chat.Choice{{Text: "Hi", StopReason: chat.EndTurn}}, Usage: chat.Usage{InputTokens: 50, OutputTokens: 5, TotalTokens: 55},
}

// The model costs 1,000 nano-dollars a token of input, and 2,000 one of output.
var prices = price.Table{model: {Input: price.Dollar, Output: 2 * price.Dollar, CacheRead: price.Dollar, CacheWrite: price.Dollar}}

const (
	held = 100*1000 + 10*2000 + 2
	paid = 50*1000 + 5*2000
)

// table is a table with the client acme, whose key is the only one.
type table struct {
	*dynamotest.Table
	now time.Time
}

func newTable(change func(*client.Policy)) *table {
	t := &table{dynamotest.New(), time.Date(2026, 11, 28, 12, 0, 30, 0, time.UTC)}
	policy := client.Policy{
		Revision: 1, Enabled: true, Keys: []string{key(1).Digest().ID()}, PerMinute: 60, AtOnce: 10,
		Budget: client.Budget{Limit: int64(price.Dollar), Unit: client.Dollars, Period: client.Month},
	}
	if change != nil {
		change(&policy)
	}
	t.Put(
		clientstore.KeyItem(key(1).Digest(), clientstore.Identity{Client: "acme", ID: key(1).Digest().ID()}, t.now),
		client.NewItem("acme", policy),
	)
	return t
}

func key(number byte) credential.Key {
	return credential.New([credential.RandomSize]byte{31: number})
}

func headers(number byte) map[string]string {
	return map[string]string{credential.Header: key(number).Reveal()}
}

// copyOf returns the admission of another copy of the function.
func (t *table) copyOf(test *testing.T) *admission.Admission {
	test.Helper()
	store := clientstore.Store{Table: t}
	a, err := admission.New(admission.Config{
		Store: store, Settler: store, Prices: prices, UsageDays: 400, Now: func() time.Time { return t.now },
	}, []string{model})
	require.NoError(test, err)
	return a
}

func (t *table) record(test *testing.T) client.Record {
	test.Helper()
	record, found, err := clientstore.Store{Table: t.Table}.Client(context.WithoutCancel(test.Context()), "acme")
	require.NoError(test, err)
	require.True(test, found)
	return record
}

func (t *table) used(test *testing.T) int64 {
	test.Helper()
	record := t.record(test)
	return record.Used[record.Budget.Counter(t.now)]
}

// checked identifies and checks the caller with a key.
func checked(test *testing.T, a *admission.Admission) *admission.Caller {
	test.Helper()
	caller, err := a.Identify(test.Context(), headers(1))
	require.NoError(test, err)
	require.NoError(test, a.Check(test.Context(), caller, false))
	return caller
}

func TestModelsNeedPrices(t *testing.T) {
	_, err := admission.New(admission.Config{Prices: prices}, []string{model, "other"})
	require.EqualError(t, err, `model "other" has no price: each model needs one while clients have budgets`)
}

func TestARequestWritesOnceBeforeAndTwiceAfterIt(t *testing.T) {
	table := newTable(nil)
	a := table.copyOf(t)
	for i := range 3 {
		ticket, err := a.Reserve(t.Context(), checked(t, a), need)
		require.NoError(t, err)
		assert.Equal(t, 3*i+1, table.Calls(dynamotest.UpdateItem))
		assert.Equal(t, int64(i*paid+held), table.used(t))
		assert.Len(t, table.record(t).Holds, 1)
		settled, first := ticket.Settle(t.Context(), done, nil)
		assert.True(t, first)
		assert.Equal(t, admission.Settled{Charge: budget.ChargedUse, Cost: paid}, settled)
		assert.Equal(t, 3*i+3, table.Calls(dynamotest.UpdateItem))
		assert.Equal(t, int64((i+1)*paid), table.used(t))
		assert.Empty(t, table.record(t).Holds)
	}
	assert.Equal(t, 2+3*4, table.Calls(dynamotest.GetItem), "the key, the client, and those of this test")
}

func TestARequestIsSettledOnce(t *testing.T) {
	table := newTable(nil)
	a := table.copyOf(t)
	ticket, err := a.Reserve(t.Context(), checked(t, a), need)
	require.NoError(t, err)
	_, first := ticket.Settle(t.Context(), chat.Completion{}, errors.New("a panic"))
	assert.True(t, first)
	_, first = ticket.Settle(t.Context(), done, nil)
	assert.False(t, first)
	assert.Equal(t, int64(held), table.used(t))
}

// After a lost reply it isn't known whether a reservation was applied: what it may hold is
// given back.
func TestWithoutAReplyNothingIsAdmittedAndNothingHeld(t *testing.T) {
	for title, lost := range map[string]func(*table, func(string) error){
		"before": func(t *table, hook func(string) error) { t.Before = hook },
		"after":  func(t *table, hook func(string) error) { t.After = hook },
	} {
		table := newTable(nil)
		a := table.copyOf(t)
		caller := checked(t, a)
		writes := 0
		lost(table, func(operation string) error {
			if operation != dynamotest.UpdateItem {
				return nil
			}
			if writes++; writes == 1 {
				return errors.New("the connection broke")
			}
			return nil
		})
		_, err := a.Reserve(t.Context(), caller, need)
		require.ErrorIs(t, err, admission.ErrUnavailable, title)
		assert.Equal(t, 2, writes, "%s: the reservation, and a settlement with nothing", title)
		assert.Zero(t, table.used(t), title)
		assert.Empty(t, table.record(t).Holds, title)
	}
}

// A call that hangs ends with its timeout, and so does the settlement of what it may hold.
func TestCallsOfTheTableAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable(nil)
		hanging := &hangingStore{Store: clientstore.Store{Table: table}}
		a, err := admission.New(admission.Config{Store: hanging, Settler: hanging, Prices: prices, Now: func() time.Time { return table.now }}, []string{model})
		require.NoError(t, err)
		caller := checked(t, a)
		ctx, cancel := context.WithTimeout(t.Context(), 29*time.Second)
		defer cancel()
		began := time.Now()
		_, err = a.Reserve(ctx, caller, need)
		require.ErrorIs(t, err, admission.ErrUnavailable)
		assert.Equal(t, 4*time.Second, time.Since(began), "three for the call, one for the settlement")

		hanging.reserves = true
		ticket, err := a.Reserve(ctx, caller, need)
		require.NoError(t, err)
		time.Sleep(20 * time.Second)
		began = time.Now()
		settled, _ := ticket.Settle(ctx, done, nil)
		require.ErrorIs(t, settled.Err, admission.ErrUnavailable)
		assert.Equal(t, time.Second, time.Since(began))

		ticket, err = a.Reserve(context.WithoutCancel(ctx), caller, need)
		require.NoError(t, err)
		deadline, _ := ctx.Deadline()
		time.Sleep(time.Until(deadline) - 700*time.Millisecond)
		cancel()
		began = time.Now()
		settled, _ = ticket.Settle(ctx, done, nil)
		require.ErrorIs(t, settled.Err, admission.ErrUnavailable, "it is sent though the request's context has ended")
		assert.Equal(t, 500*time.Millisecond, time.Since(began), "before the deadline")
	})
}

// hangingStore replies to no write, but to reservations if these are set.
type hangingStore struct {
	clientstore.Store
	reserves bool
}

func (h *hangingStore) Reserve(ctx context.Context, r budget.Reservation) (budget.Reply, error) {
	if h.reserves {
		return h.Store.Reserve(ctx, r)
	}
	<-ctx.Done()
	return budget.Reply{}, ctx.Err()
}

func (h *hangingStore) Settle(ctx context.Context, _ budget.Settlement) (bool, error) {
	<-ctx.Done()
	return false, ctx.Err()
}

func (h *hangingStore) AddUsage(ctx context.Context, _ clientstore.Row, _ int) error {
	<-ctx.Done()
	return ctx.Err()
}

// A hold outlives its request by half a minute, since clocks differ.
func TestAHoldLivesAsLongAsItsRequestMay(t *testing.T) {
	for _, timeout := range []time.Duration{29 * time.Second, 15 * time.Minute} {
		table := newTable(nil)
		a := table.copyOf(t)
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		_, err := a.Reserve(ctx, checked(t, a), need)
		require.NoError(t, err)
		deadline, _ := ctx.Deadline()
		cancel()
		for id := range table.record(t).Holds {
			assert.Equal(t, deadline.Add(31*time.Second).Unix(), client.HoldEnd(id).Unix())
			assert.Less(t, len(id), 16, "short, so that 40 of them fit into a write unit")
		}
	}
}

// The nonce makes ids of holds differ that end in the same second.
func TestHoldsDiffer(t *testing.T) {
	table := newTable(func(p *client.Policy) { p.AtOnce, p.PerMinute = 40, 100 })
	a := table.copyOf(t)
	for range 40 {
		_, err := a.Reserve(t.Context(), checked(t, a), need)
		require.NoError(t, err)
	}
	assert.Len(t, table.record(t).Holds, 40)

	store := clientstore.Store{Table: table}
	a, err := admission.New(admission.Config{Store: store, Settler: store, Prices: prices, Random: strings.NewReader("")}, nil)
	require.NoError(t, err)
	_, err = a.Reserve(t.Context(), checked(t, a), need)
	require.ErrorIs(t, err, admission.ErrUnavailable, "without a nonce, nothing is admitted")
}

// What one copy remembers admits nothing that another one, or the operator, has ended.
func TestARevokedKeyIsRefusedByEveryCopy(t *testing.T) {
	table := newTable(nil)
	one, other := table.copyOf(t), table.copyOf(t)
	checked(t, one)
	caller := checked(t, other)
	require.NoError(t, one.EndKey(t.Context(), checked(t, one)))
	_, err := other.Reserve(t.Context(), caller, need)
	var refused *admission.Refused
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, budget.InvalidKey, refused.Reason)
	assert.Zero(t, table.used(t))

	_, err = one.Identify(t.Context(), headers(1))
	require.NoError(t, err, "the key is still known to be acme's")
	assert.Error(t, one.Check(t.Context(), caller, false))
}

// An item that changes under each write is decided again twice.
func TestARequestIsDecidedAgainTwice(t *testing.T) {
	for changes, admitted := range map[int]bool{1: true, 2: true, 3: false} {
		table := newTable(nil)
		a := table.copyOf(t)
		caller := checked(t, a)
		table.Before = func(operation string) error {
			if operation == dynamotest.UpdateItem && changes > 0 {
				changes--
				hook := table.Before
				table.Before = nil
				_, err := table.UpdateItem(t.Context(), dynamo.Update{
					Key: client.Key("acme"), Update: "ADD #rev :one", Names: map[string]string{"#rev": "rev"}, Values: dynamo.Item{":one": dynamo.Number(1)},
				})
				table.Before = hook
				return err
			}
			return nil
		}
		_, err := a.Reserve(t.Context(), caller, need)
		if admitted {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, admission.ErrUnavailable)
		assert.Empty(t, table.record(t).Holds)
	}
}

func TestUnknownKeysAreRemembered(t *testing.T) {
	table := newTable(nil)
	a := table.copyOf(t)
	for range 3 {
		_, err := a.Identify(t.Context(), headers(2))
		require.ErrorIs(t, err, admission.ErrUnknown)
	}
	assert.Equal(t, 1, table.Calls(dynamotest.GetItem))
	table.Put(clientstore.KeyItem(key(2).Digest(), clientstore.Identity{Client: "acme", ID: key(2).Digest().ID()}, table.now))
	table.now = table.now.Add(10 * time.Second)
	for range 3 {
		caller, err := a.Identify(t.Context(), headers(2))
		require.NoError(t, err, "for ten seconds only")
		assert.Equal(t, key(2).Digest().ID(), caller.Key)
	}
	assert.Equal(t, 2, table.Calls(dynamotest.GetItem))
}

// With the maximum of tokens that a refusal names, the request is admitted; with one more,
// it isn't.
func TestARefusalNamesTheTokensThatFit(t *testing.T) {
	for _, limit := range []client.Budget{
		{Limit: held - 1, Unit: client.Dollars, Period: client.Day},
		{Limit: held - 10*2000 + 2*2000 + 7, Unit: client.Dollars, Period: client.Once},
		{Limit: 100*1000 + 1, Unit: client.Dollars, Period: client.Month},
		{Limit: 109, Unit: client.Tokens, Period: client.Month},
		{Limit: 101, Unit: client.Tokens, Period: client.Month},
		{Limit: 100, Unit: client.Tokens, Period: client.Month},
		{Limit: 7, Unit: client.Tokens, Period: client.Month},
	} {
		for _, choices := range []int{1, 3} {
			title := fmt.Sprintf("%s, %d choices", limit, choices)
			reserve := func(output int) error {
				table := newTable(func(p *client.Policy) { p.Budget = limit })
				a := table.copyOf(t)
				_, err := a.Reserve(t.Context(), checked(t, a), admission.Need{Model: model, Input: 100, Choices: choices, Output: output})
				return err
			}
			var refused *admission.Refused
			require.ErrorAs(t, reserve(10), &refused, title)
			assert.Less(t, refused.Fitting, 10, title)
			require.Error(t, reserve(refused.Fitting+1), title)
			if refused.Fitting > 0 {
				require.NoError(t, reserve(refused.Fitting), title)
			}
		}
	}
}

func TestErrorsOfTheTableHaveNothingOfAKey(t *testing.T) {
	table := newTable(nil)
	table.Before = func(string) error { return errors.New("no connection") }
	a := table.copyOf(t)
	_, err := a.Identify(t.Context(), headers(1))
	require.ErrorIs(t, err, admission.ErrUnavailable)
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		assert.NotContains(t, fmt.Sprintf(verb, err), key(1).Reveal()[7:20])
	}
}
