package budget_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
)

func TestConclude(t *testing.T) {
	nextMinute := time.Date(2026, 11, 28, 12, 1, 0, 0, time.UTC)
	nextMonth := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		change func(*client.Record)
		want   budget.Verdict
		why    budget.Refusal
	}{
		{name: "an earlier write was applied", change: func(r *client.Record) { r.Holds[ask().HoldID] = 100 }, want: budget.Admitted},
		{
			name: "an earlier write was applied, and the policy has changed since",
			change: func(r *client.Record) {
				r.Holds[ask().HoldID] = 100
				r.Revision, r.Keys = 4, nil
			},
			want: budget.Admitted,
		},
		{name: "another policy", change: func(r *client.Record) { r.Revision = 4 }, want: budget.Again},
		{
			name: "another policy, and no room",
			change: func(r *client.Record) {
				r.Revision, r.Used[window] = 4, 1000
			},
			want: budget.Again,
		},
		{
			name: "the minute is full", change: func(r *client.Record) { r.Minutes[minute] = 60 },
			want: budget.Refused, why: budget.Refusal{Reason: budget.RateExceeded, Limit: 60, RetryAt: nextMinute},
		},
		{
			name: "all places are taken", change: func(r *client.Record) { addHolds(*r, 10, time.Minute) },
			want: budget.Refused, why: budget.Refusal{Reason: budget.TooManyAtOnce, Limit: 10},
		},
		{name: "expired holds take the places", change: func(r *client.Record) { addHolds(*r, 10, -time.Minute) }, want: budget.Again},
		{
			name: "the budget is used up", change: func(r *client.Record) { r.Used[window] = 901 },
			want: budget.Refused,
			why:  budget.Refusal{Reason: budget.BudgetSpent, Limit: 1000, Budget: policy().Budget, Left: 99, RetryAt: nextMonth},
		},
		{
			name: "the budget is held",
			change: func(r *client.Record) {
				r.Used[window], r.Holds[hold(time.Minute, "a")] = 950, 50
			},
			want: budget.Refused, why: budget.Refusal{Reason: budget.BudgetInUse, Limit: 1000, Budget: policy().Budget, Left: 50},
		},
		{
			name: "the budget is held by requests that died",
			change: func(r *client.Record) {
				r.Used[window], r.Holds[hold(-time.Minute, "a")] = 950, 50
			},
			want: budget.Refused,
			why:  budget.Refusal{Reason: budget.BudgetSpent, Limit: 1000, Budget: policy().Budget, Left: 50, RetryAt: nextMonth},
		},
		{name: "another write was first", change: func(*client.Record) {}, want: budget.Again},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reservation := decide(t, known(policy()), ask())
			record := known(policy())
			test.change(&record)
			verdict, refusal := reservation.Conclude(budget.Reply{Record: &record})
			assert.Equal(t, test.want, verdict)
			if test.want != budget.Refused {
				assert.Nil(t, refusal)
				return
			}
			require.NotNil(t, refusal)
			assert.Equal(t, test.why, *refusal)
			assert.False(t, tableWith(record).reserve(t, reservation).Applied, "the table refuses it, too")
		})
	}
}

func TestConcludeWhatWasApplied(t *testing.T) {
	record := known(policy())
	reservation := decide(t, record, ask())
	verdict, refusal := reservation.Conclude(budget.Reply{Applied: true, Record: &record})
	assert.Equal(t, budget.Admitted, verdict)
	assert.Nil(t, refusal)
	verdict, refusal = reservation.Conclude(budget.Reply{})
	assert.Equal(t, budget.Refused, verdict, "the client was deleted")
	assert.Equal(t, &budget.Refusal{Reason: budget.InvalidKey}, refusal)
}

func TestConcludeFinal(t *testing.T) {
	a := ask()
	a.Final = true
	reservation := decide(t, known(policy()), a)
	record := addHolds(known(policy()), 10, time.Minute)
	record.Holds[a.HoldID] = 1
	verdict, _ := reservation.Conclude(budget.Reply{Record: &record})
	assert.Equal(t, budget.Again, verdict, "it has no hold, and needs no place")
	record.Used[window] = 1000
	_, refusal := reservation.Conclude(budget.Reply{Record: &record})
	assert.Equal(t, budget.BudgetSpent, refusal.Reason)
}

func TestAReservationOfAnOldPolicyIsNotApplied(t *testing.T) {
	reservation := decide(t, known(policy()), ask())
	for name, change := range map[string]func(*client.Record){
		"another revision": func(r *client.Record) { r.Revision++ },
		"an earlier one":   func(r *client.Record) { r.Revision-- },
	} {
		record := known(policy())
		change(&record)
		assert.False(t, tableWith(record).reserve(t, reservation).Applied, name)
	}
	assert.True(t, tableWith(known(policy())).reserve(t, reservation).Applied)
}

// TestLimitsAreExact fills each of them up.
func TestLimitsAreExact(t *testing.T) {
	for name, change := range map[string]func(*client.Record, int64){
		"budget":   func(r *client.Record, more int64) { r.Used[window] = 900 + more },
		"a minute": func(r *client.Record, more int64) { r.Minutes[minute] = 59 + more },
		"at once":  func(r *client.Record, more int64) { addHolds(*r, 9+int(more), time.Minute) },
	} {
		for more, want := range []bool{true, false} {
			record := known(policy())
			change(&record, int64(more))
			assert.Equal(t, want, tableWith(record).reserve(t, decide(t, record, ask())).Applied, name)
		}
	}
}
