package clientadmin_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

func TestLifeOfAClient(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		a := admin(table)
		create(t, a, "acme", "50usd/month")
		for n := byte(1); n <= 3; n++ {
			plan, err := a.AddKey(t.Context(), "acme", keyOf(n).Digest(), now.Add(time.Duration(n)*time.Hour))
			require.NoError(t, err)
			assert.True(t, plan.After.Has(keyOf(n).Digest().ID()))
		}
		record, keys, err := a.Client(t.Context(), "acme")
		require.NoError(t, err)
		require.Len(t, keys, 3)
		assert.True(t, keys[0].IsKey())
		assert.Equal(t, now.UnixMicro()+3, record.Revision)

		id := keyOf(1).Digest().ID()
		plan, gone, err := a.Revoke(t.Context(), "acme", []string{id})
		require.NoError(t, err)
		assert.Empty(t, gone)
		assert.False(t, plan.After.Has(id))
		_, keys, err = a.Client(t.Context(), "acme")
		require.NoError(t, err)
		assert.Len(t, keys, 2)
		all, err := a.Credentials(t.Context())
		require.NoError(t, err)
		assert.Len(t, all, 2, "the item of the key is gone")

		_, err = a.Delete(t.Context(), "acme", false)
		require.ErrorContains(t, err, "has keys")
		_, err = a.Delete(t.Context(), "acme", true)
		require.NoError(t, err)
		left, err := table.Scan(t.Context(), "")
		require.NoError(t, err)
		require.Len(t, left, 1, "only the sum is left")
		assert.Equal(t, dynamo.Number(0), left[0]["sum"])
	})
}

// A revision never comes back, or a decision remembered of a deleted client would be
// taken for one about its namesake.
func TestRevisionsOfNamesakesDiffer(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		a := admin(table)
		create(t, a, "acme", "1usd/month")
		_, err := a.Suspend(t.Context(), "acme")
		require.NoError(t, err)
		before, _, err := a.Client(t.Context(), "acme")
		require.NoError(t, err)
		_, err = a.Delete(t.Context(), "acme", false)
		require.NoError(t, err)
		a.Now = func() time.Time { return now.Add(time.Second) }
		create(t, a, "acme", "1usd/month")
		after, _, err := a.Client(t.Context(), "acme")
		require.NoError(t, err)
		assert.Greater(t, after.Revision, before.Revision)
	})
}

func TestRevoke(t *testing.T) {
	table := dynamotest.New()
	a := admin(table)
	create(t, a, "acme", "none")
	create(t, a, "other", "none")
	id := keyOf(1).Digest().ID()
	for name, n := range map[string]byte{"acme": 1, "other": 2} {
		_, err := a.AddKey(t.Context(), name, keyOf(n).Digest(), time.Time{})
		require.NoError(t, err)
	}
	_, _, err := a.Revoke(t.Context(), "acme", []string{keyOf(2).Digest().ID()})
	require.EqualError(t, err, fmt.Sprintf("client acme: -key is %q; want the id of one of its keys: %s", keyOf(2).Digest().ID(), id))

	// The item stays if it can't be deleted, but the key is revoked.
	scans := 0
	table.Before = func(operation string) error {
		if operation == dynamotest.ScanItems {
			scans++
			return errors.New("no permission")
		}
		return nil
	}
	_, _, err = a.Revoke(t.Context(), "acme", []string{id})
	require.ErrorContains(t, err, "the change is in force and the keys are refused, but their items, which have no effect any more, could not be deleted")
	record, _, err := a.Client(t.Context(), "acme")
	require.ErrorContains(t, err, "no permission")
	assert.Empty(t, record.Keys)
	require.Positive(t, scans)

	// The command may be repeated, which removes the item.
	table.Before = nil
	_, gone, err := a.Revoke(t.Context(), "acme", []string{id})
	require.NoError(t, err)
	assert.Equal(t, []string{id}, gone)
	all, err := a.Credentials(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, "other", all[0].Client)
	_, _, err = a.Revoke(t.Context(), "acme", []string{id})
	require.ErrorContains(t, err, "it has none")
}

func TestSubjects(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		a := admin(table)
		create(t, a, "acme", "none")
		create(t, a, "other", "none")
		_, err := a.Map(t.Context(), "acme", subject)
		require.NoError(t, err)
		plan, err := a.Map(t.Context(), "acme", subject)
		require.NoError(t, err)
		assert.Empty(t, plan.Writes, "it is mapped already")
		_, err = a.Map(t.Context(), "other", subject)
		require.ErrorContains(t, err, "is a subject of client acme")
		_, subjects, err := a.Client(t.Context(), "acme")
		require.NoError(t, err)
		require.Len(t, subjects, 1)
		assert.False(t, subjects[0].IsKey())
		_, err = a.Unmap(t.Context(), "acme", subject)
		require.NoError(t, err)
		_, err = a.Map(t.Context(), "other", subject)
		require.NoError(t, err)
	})
}

// Twenty operators raise budgets at the same time: the sum never exceeds the ceiling, and
// all of it that fits is given.
func TestOperatorsDontExceedTheCeilingTogether(t *testing.T) {
	dynamotest.OnEach(t, func(t *testing.T, table dynamotest.API) {
		a := admin(table)
		a.Ceiling = new(100 * price.Dollar)
		var group sync.WaitGroup
		var mu sync.Mutex
		created := 0
		for n := range 20 {
			group.Go(func() {
				for {
					_, err := a.Create(t.Context(), fmt.Sprintf("client-%d", n), clientadmin.Change{Budget: parsed(t, "10usd/month")})
					var conflict *clientadmin.ConflictError
					switch {
					case errors.As(err, &conflict):
						continue // as an operator would
					case err == nil:
						mu.Lock()
						created++
						mu.Unlock()
					default:
						assert.ErrorContains(t, err, "gatehouse:clientBudgetCeiling allows 100")
					}
					return
				}
			})
		}
		group.Wait()
		assert.Equal(t, 10, created)
		records, err := a.Clients(t.Context())
		require.NoError(t, err)
		assert.Len(t, records, 10)
		bill, err := a.LargestBill(t.Context(), records)
		require.NoError(t, err)
		assert.Equal(t, clientadmin.Bill{Sum: 100 * price.Dollar, Ceiling: 100 * price.Dollar}, bill)
	})
}

// Between any two operations of one operator, another completes a change of a budget.
func TestAChangeInBetweenIsSeen(t *testing.T) {
	for interrupted := 1; interrupted <= 4; interrupted++ {
		table := dynamotest.New()
		a := admin(table)
		a.Ceiling = new(100 * price.Dollar)
		create(t, a, "acme", "40usd/month")
		create(t, a, "other", "40usd/month")
		operations, other := 0, a
		table.Before = func(string) error {
			if operations++; operations == interrupted {
				table.Before = nil
				_, err := other.Set(t.Context(), "other", clientadmin.Change{Budget: parsed(t, "55usd/month")})
				require.NoError(t, err)
			}
			return nil
		}
		_, err := a.Set(t.Context(), "acme", clientadmin.Change{Budget: parsed(t, "50usd/month")})
		require.ErrorContains(t, err, "brings the sum of all budgets to 105 dollars", "operation %d", interrupted)
	}
}

func TestConflictsAreReported(t *testing.T) {
	table := dynamotest.New()
	a := admin(table)
	create(t, a, "acme", "none")
	confirmed := 0
	a.Confirm = func(clientadmin.Plan) error { confirmed++; return nil }
	other := admin(table)
	rpm := 100
	interfere := func(operation string) error { return nil }
	table.Before = func(operation string) error { return interfere(operation) }
	interfere = func(operation string) error {
		if operation != dynamotest.UpdateItem {
			return nil
		}
		saved := interfere
		defer func() { interfere = saved }()
		interfere = func(string) error { return nil }
		rpm++
		_, err := other.Set(t.Context(), "acme", clientadmin.Change{PerMinute: &rpm})
		return err
	}
	_, err := a.Suspend(t.Context(), "acme")
	var conflict *clientadmin.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.ErrorContains(t, err, "client acme: nothing was written: another operator, or the holder of a key, changed the client or the sum of budgets 3 times meanwhile; repeat the command")
	assert.Equal(t, 103, rpm)
	assert.Equal(t, 1, confirmed, "the same effects are confirmed once")
}

// The holder of a key ends it while an operator changes the client.
func TestAnEndedKeyStaysEnded(t *testing.T) {
	table := dynamotest.New()
	a := admin(table)
	create(t, a, "acme", "none")
	_, err := a.AddKey(t.Context(), "acme", keyOf(1).Digest(), time.Time{})
	require.NoError(t, err)
	table.Before = func(operation string) error {
		if operation == dynamotest.TransactWrite {
			table.Before = nil
			_, _, err := admin(table).Revoke(t.Context(), "acme", nil)
			require.NoError(t, err)
		}
		return nil
	}
	_, err = a.AddKey(t.Context(), "acme", keyOf(2).Digest(), time.Time{})
	require.NoError(t, err)
	record, _, err := a.Client(t.Context(), "acme")
	require.NoError(t, err)
	assert.Equal(t, []string{keyOf(2).Digest().ID()}, record.Keys)
}

func TestLostReplies(t *testing.T) {
	table := dynamotest.New()
	a := admin(table)
	create(t, a, "acme", "none")
	lost := errors.New("connection reset")
	table.After = func(operation string) error {
		if operation == dynamotest.TransactWrite {
			return lost
		}
		return nil
	}
	_, err := a.AddKey(t.Context(), "acme", keyOf(1).Digest(), time.Time{})
	require.ErrorIs(t, err, lost)
	require.ErrorContains(t, err, "it isn't known whether the change was written")
	table.After = nil
	table.Before = func(operation string) error {
		if operation == dynamotest.TransactWrite {
			return &smithy.GenericAPIError{Code: "AccessDeniedException", Fault: smithy.FaultClient}
		}
		return nil
	}
	_, err = a.AddKey(t.Context(), "acme", keyOf(2).Digest(), time.Time{})
	require.ErrorContains(t, err, "client acme: nothing was written: ")
	table.Before = func(operation string) error {
		if operation == dynamotest.TransactWrite {
			return &smithy.GenericAPIError{Code: "ThrottlingException", Fault: smithy.FaultClient}
		}
		return nil
	}
	_, err = a.AddKey(t.Context(), "acme", keyOf(2).Digest(), time.Time{})
	var unknown *clientadmin.UnknownError
	require.ErrorAs(t, err, &unknown, "an earlier attempt may have been applied")
	table.Before = nil
	for _, operation := range []string{dynamotest.GetItem, dynamotest.ScanItems} {
		table.After = nil
		table.Before = func(called string) error {
			if called == operation {
				return lost
			}
			return nil
		}
		_, err := a.Set(t.Context(), "acme", clientadmin.Change{Budget: parsed(t, "1usd/day")})
		require.ErrorIs(t, err, lost)
		assert.Zero(t, writesOf(t, table, "1usd/day"))
	}
}

// A reply is lost, and the client of the table repeats the call: then it is the change
// itself that has happened since the plan.
func TestRepeatedWritesAreRecognized(t *testing.T) {
	table := &repeating{Table: dynamotest.New()}
	a := admin(table.Table)
	a.Table = table
	plan, err := a.Create(t.Context(), "acme", clientadmin.Change{Budget: parsed(t, "1usd/day")})
	require.NoError(t, err)
	assert.Len(t, plan.Writes, 2)
	plan, err = a.AddKey(t.Context(), "acme", keyOf(1).Digest(), time.Time{})
	require.NoError(t, err)
	assert.Len(t, plan.After.Keys, 1)
	plan, err = a.Suspend(t.Context(), "acme")
	require.NoError(t, err)
	assert.NotEqual(t, plan.Before, plan.After)
	plan, _, err = a.Revoke(t.Context(), "acme", nil)
	require.NoError(t, err)
	assert.Len(t, plan.Before.Keys, 1)
	all, err := a.Credentials(t.Context())
	require.NoError(t, err)
	assert.Empty(t, all)
}

// repeating repeats each write.
type repeating struct{ *dynamotest.Table }

func (r *repeating) UpdateItem(ctx context.Context, u dynamo.Update) (dynamo.Item, error) {
	if _, err := r.Table.UpdateItem(ctx, u); err != nil {
		return nil, err
	}
	return r.Table.UpdateItem(ctx, u)
}

func (r *repeating) TransactWrite(ctx context.Context, writes []dynamo.Write) error {
	if err := r.Table.TransactWrite(ctx, writes); err != nil {
		return err
	}
	return r.Table.TransactWrite(ctx, writes)
}

// Requests of the client write its item at the same time as the transaction.
func TestConflictsWithRequestsAreRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := dynamotest.New()
		a := admin(table)
		create(t, a, "acme", "none")
		conflicts := 0
		table.Before = func(operation string) error {
			if operation != dynamotest.TransactWrite || conflicts == 10 {
				return nil
			}
			conflicts++
			return &dynamo.TransactionCanceled{Reasons: []dynamo.Reason{{Code: dynamo.ReasonConflict}, {Code: dynamo.ReasonNone}}}
		}
		_, err := a.AddKey(t.Context(), "acme", keyOf(1).Digest(), time.Time{})
		require.NoError(t, err)
		assert.Equal(t, 10, conflicts)

		conflicts = -1000
		_, err = a.AddKey(t.Context(), "acme", keyOf(2).Digest(), time.Time{})
		var conflict *clientadmin.ConflictError
		require.ErrorAs(t, err, &conflict)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err = a.AddKey(ctx, "acme", keyOf(2).Digest(), time.Time{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func writesOf(t *testing.T, table *dynamotest.Table, text string) (found int) {
	t.Helper()
	for _, item := range table.Items() {
		if r, err := client.ParseItem(item); err == nil && r.Budget == *parsed(t, text) {
			found++
		}
	}
	return found
}

func TestUnconfirmedChangesAreNotWritten(t *testing.T) {
	table := dynamotest.New()
	a := admin(table)
	create(t, a, "acme", "none")
	before := table.Items()
	no := errors.New("not confirmed")
	a.Confirm = func(clientadmin.Plan) error { return no }
	for _, change := range []func() (clientadmin.Plan, error){
		func() (clientadmin.Plan, error) { return a.Suspend(t.Context(), "acme") },
		func() (clientadmin.Plan, error) { return a.Delete(t.Context(), "acme", false) },
		func() (clientadmin.Plan, error) {
			return a.Set(t.Context(), "acme", clientadmin.Change{Models: &[]string{"model-a"}})
		},
	} {
		_, err := change()
		require.ErrorIs(t, err, no)
	}
	assert.Equal(t, before, table.Items())
}

// The sum is that of the clients, also where another program deleted one.
func TestTheSumFollowsTheClients(t *testing.T) {
	table := dynamotest.New()
	a := admin(table)
	create(t, a, "acme", "40usd/month")
	table.Put(dynamo.Item{"pk": dynamo.String("S"), "sk": dynamo.String("S"), "sum": dynamo.Number(999), "ceil": dynamo.Number(int64(50 * price.Dollar))})
	_, err := a.Set(t.Context(), "acme", clientadmin.Change{Budget: parsed(t, "51usd/month")})
	require.ErrorContains(t, err, "gatehouse:clientBudgetCeiling allows 50")
	_, err = a.Set(t.Context(), "acme", clientadmin.Change{Budget: parsed(t, "50usd/month")})
	require.NoError(t, err)
	sum, err := table.GetItem(t.Context(), dynamo.Item{"pk": dynamo.String("S"), "sk": dynamo.String("S")})
	require.NoError(t, err)
	assert.Equal(t, dynamo.Number(int64(50*price.Dollar)), sum["sum"])
	assert.Equal(t, dynamo.Number(int64(50*price.Dollar)), sum["ceil"], "kept without one in the stack's outputs")
}

func TestDamagedItemsAreNamed(t *testing.T) {
	table := dynamotest.New()
	a := admin(table)
	table.Put(dynamo.Item{"pk": dynamo.String("S"), "sk": dynamo.String("S"), "sum": dynamo.String("x")})
	_, err := a.Create(t.Context(), "acme", clientadmin.Change{Budget: parsed(t, "1usd/day")})
	require.ErrorContains(t, err, "the table's item S, with the sum of budgets, is damaged")
	_, err = a.LargestBill(t.Context(), nil)
	require.ErrorContains(t, err, "is damaged")
	table.Put(dynamo.Item{"pk": dynamo.String("C#acme"), "sk": dynamo.String("C")})
	_, err = a.Suspend(t.Context(), "acme")
	require.ErrorContains(t, err, "attribute rev of client acme")
	_, err = a.Clients(t.Context())
	require.ErrorContains(t, err, "attribute rev of client acme")
}

func TestLargestBill(t *testing.T) {
	records := []client.Record{
		{Name: "a", Policy: client.Policy{Budget: *parsed(t, "1usd/day")}},
		{Name: "b", Policy: client.Policy{Budget: *parsed(t, "10usd/month")}},
		{Name: "c", Policy: client.Policy{Budget: *parsed(t, "5usd/once")}},
	}
	assert.Equal(t, clientadmin.Bill{Sum: 46 * price.Dollar}, clientadmin.LargestBill(records, 0))
	records = append(records, client.Record{Name: "d", Policy: client.Policy{Budget: *parsed(t, "5tokens/day")}}, client.Record{Name: "e"})
	assert.Equal(t, []string{"d", "e"}, clientadmin.LargestBill(records, 0).Unlimited)
}
