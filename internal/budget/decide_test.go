package budget_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
)

func TestDecideReserves(t *testing.T) {
	r := decide(t, known(policy()), ask())
	assert.Equal(t, name, r.Client)
	assert.Equal(t, ask().HoldID, r.HoldID)
	assert.Equal(t, int64(3), r.Revision)
	assert.Equal(t, window, r.Counter)
	assert.Equal(t, minute, r.Minute)
	assert.Equal(t, int64(100), r.Amount)
	assert.Equal(t, int64(900), r.Room)
	assert.Equal(t, 60, r.PerMinute)
	assert.Equal(t, 10, r.AtOnce)
	assert.Empty(t, r.Cleared)
	assert.False(t, r.Replaces)
}

func TestDecideByTheUnitOfTheBudget(t *testing.T) {
	p := policy()
	p.Budget = client.Budget{Limit: 50, Unit: client.Tokens, Period: client.Day}
	r := decide(t, known(p), ask())
	assert.Equal(t, "utd2026-11-28", r.Counter)
	assert.Equal(t, int64(20), r.Amount)
	assert.Equal(t, int64(30), r.Room)
	p.Budget = client.Budget{}
	r = decide(t, known(p), ask())
	assert.Equal(t, window, r.Counter)
	assert.Equal(t, int64(100), r.Amount)
	assert.Equal(t, int64(math.MaxInt64), r.Room, "no limit")
}

func TestDecideRefuses(t *testing.T) {
	nextMinute := time.Date(2026, 11, 28, 12, 1, 0, 0, time.UTC)
	nextMonth := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	expired := budget.Refusal{Reason: budget.InvalidKey, Expired: noon}
	noKey := budget.Refusal{Reason: budget.InvalidKey}
	noModel := budget.Refusal{Reason: budget.ModelNotAllowed}
	tests := []struct {
		name   string
		change func(*client.Record, *budget.Ask)
		want   budget.Refusal
	}{
		{"a key of another client", func(_ *client.Record, a *budget.Ask) { a.Key = "other" }, noKey},
		{"a key that was taken off", func(r *client.Record, _ *budget.Ask) { r.Keys = nil }, noKey},
		{"no key", func(_ *client.Record, a *budget.Ask) { a.Key = "" }, noKey},
		{"no key, and an empty one allowed", func(r *client.Record, a *budget.Ask) {
			a.Key, r.Keys = "", []string{""}
		}, noKey},
		{"a key of the client of all others", func(r *client.Record, _ *budget.Ask) {
			r.Name, r.Keys = client.Anonymous, nil
		}, noKey},
		{"an expired key", func(_ *client.Record, a *budget.Ask) { a.KeyExpires = noon }, expired},
		{"an expired client", func(r *client.Record, _ *budget.Ask) { r.Expires = noon }, expired},
		{"suspended", func(r *client.Record, _ *budget.Ask) { r.Enabled = false }, budget.Refusal{Reason: budget.Suspended}},
		{"another model", func(r *client.Record, _ *budget.Ask) { r.Models = []string{"m"} }, noModel},
		{"no model", func(r *client.Record, _ *budget.Ask) { r.Models = []string{} }, noModel},
		{"the private route", func(_ *client.Record, a *budget.Ask) { a.Model = "" }, noModel},
		{"no requests", func(r *client.Record, _ *budget.Ask) { r.PerMinute = 0 }, budget.Refusal{
			Reason: budget.RateExceeded, RetryAt: nextMinute,
		}},
		{"none at once", func(r *client.Record, _ *budget.Ask) { r.AtOnce = 0 }, budget.Refusal{Reason: budget.TooManyAtOnce}},
		{"more than the limit, in a new window", func(_ *client.Record, a *budget.Ask) { a.Most.Cost = 1001 }, budget.Refusal{
			Reason: budget.BudgetSpent, Limit: 1000, Budget: policy().Budget, Left: 1000, RetryAt: nextMonth,
		}},
		{"more than the limit, with much held in the window before", func(r *client.Record, a *budget.Ask) {
			a.Most.Cost = 1001
			r.Holds[hold(time.Second, "a")] = 900
		}, budget.Refusal{Reason: budget.BudgetSpent, Limit: 1000, Budget: policy().Budget, Left: 1000, RetryAt: nextMonth}},
		{"more than a limit that was lowered below what is used", func(r *client.Record, a *budget.Ask) {
			a.Most.Cost, r.Used[window] = 1001, 5000
		}, budget.Refusal{Reason: budget.BudgetSpent, Limit: 1000, Budget: policy().Budget, RetryAt: nextMonth}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, a := known(policy()), ask()
			test.change(&r, &a)
			_, refusal := budget.Decide(r, a)
			require.NotNil(t, refusal)
			assert.Equal(t, test.want, *refusal)
			assert.EqualError(t, refusal, "request refused: "+string(test.want.Reason))
		})
	}
}

func TestDecideAdmits(t *testing.T) {
	for name, change := range map[string]func(*client.Record, *budget.Ask){
		"all of the budget":                 func(_ *client.Record, a *budget.Ask) { a.Most.Cost = 1000 },
		"a key that ends later":             func(_ *client.Record, a *budget.Ask) { a.KeyExpires = noon.Add(1) },
		"a client that ends later":          func(r *client.Record, _ *budget.Ask) { r.Expires = noon.Add(1) },
		"no key, where that is allowed":     func(r *client.Record, a *budget.Ask) { r.Name, a.Key = client.Anonymous, "" },
		"the private route, if it may":      func(r *client.Record, a *budget.Ask) { r.Inference, a.Model, a.Final = true, "", true },
		"none at once, but a final request": func(r *client.Record, a *budget.Ask) { r.AtOnce, a.Final = 0, true },
		"any amount without a budget":       func(r *client.Record, a *budget.Ask) { r.Budget, a.Most.Cost = client.Budget{}, 1<<60 },
		"no amount with a budget of none":   func(r *client.Record, a *budget.Ask) { r.Budget.Limit, a.Most.Cost = 0, 0 },
		"what the item refuses, not memory": func(r *client.Record, _ *budget.Ask) { r.Used[window], r.Minutes[minute] = 1000, 60 },
	} {
		t.Run(name, func(t *testing.T) {
			r, a := known(policy()), ask()
			change(&r, &a)
			_, refusal := budget.Decide(r, a)
			assert.Nil(t, refusal)
		})
	}
}

func TestExpiredHoldsGiveWay(t *testing.T) {
	tests := []struct {
		name              string
		live, dead        int
		cleared, replaces int
	}{
		{"few", 2, 3, 3, 0},
		{"many", 0, 9, 8, 0},
		{"all places", 0, 10, 8, 1},
		{"all places but one", 9, 1, 1, 1},
		{"all places, some of them live", 4, 6, 6, 1},
		{"live ones in all places", 10, 1, 1, 0},
		{"more than there are places since these were lowered", 0, 40, 31, 1},
		{"more, with live ones", 9, 31, 31, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			record := addHolds(addHolds(known(policy()), test.live, time.Minute), test.dead, -time.Minute)
			r := decide(t, record, ask())
			assert.Len(t, r.Cleared, test.cleared)
			assert.Equal(t, test.replaces == 1, r.Replaces)
			for _, id := range r.Cleared {
				assert.True(t, client.IsExpired(id, noon))
			}
			reply := tableWith(record).reserve(t, r)
			assert.Equal(t, test.live < record.AtOnce, reply.Applied)
			if reply.Applied {
				assert.LessOrEqual(t, len(reply.Record.Holds), record.AtOnce, "no more than the limit")
			}
		})
	}
}

func TestNothingIsRefundedForExpiredHolds(t *testing.T) {
	record := addHolds(known(policy()), 10, -time.Minute)
	record.Used[window] = 500
	reply := tableWith(record).reserve(t, decide(t, record, ask()))
	require.True(t, reply.Applied)
	assert.Equal(t, int64(600), reply.Record.Used[window])
}

// TestWritesRemoveAFewOldCounters, so that no expression gets too large.
func TestWritesRemoveAFewOldCounters(t *testing.T) {
	record := known(policy())
	for ago := range 100 {
		record.Minutes[client.Minute(noon.Add(-time.Duration(ago)*time.Minute))] = 1
		record.Used[record.Budget.Counter(noon.AddDate(0, -ago, 0))] = 1
	}
	r := decide(t, record, ask())
	assert.Len(t, r.OldMinutes, 8)
	s := r.Settle(budget.Outcome{Charge: budget.ChargedNothing}, record, noon)
	assert.Len(t, s.OldMinutes, 8)
	assert.Len(t, s.OldWindows, 8)
}
