package budget_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
)

func TestSettle(t *testing.T) {
	tests := []struct {
		outcome budget.Outcome
		amount  int64
		exceeds bool
	}{
		{budget.Outcome{Charge: budget.ChargedUse, Use: budget.Use{Cost: 30, Tokens: 7}}, 30, false},
		{budget.Outcome{Charge: budget.ChargedUse, Use: budget.Use{Cost: 100}}, 100, false},
		{budget.Outcome{Charge: budget.ChargedUse, Use: budget.Use{Cost: 130}}, 130, true},
		{budget.Outcome{Charge: budget.ChargedUse}, 0, false},
		{budget.Outcome{Charge: budget.ChargedNothing, Use: budget.Use{Cost: 30}}, 0, false},
		{budget.Outcome{Charge: budget.ChargedHold, Use: budget.Use{Cost: 30}}, 100, false},
		{budget.Outcome{}, 100, false},
	}
	for _, test := range tests {
		record := known(policy())
		record.Used[window] = 500
		table := tableWith(record)
		reservation := decide(t, record, ask())
		reply := table.reserve(t, reservation)
		require.True(t, reply.Applied)
		settlement := reservation.Settle(test.outcome, *reply.Record, noon)
		assert.Equal(t, test.amount, settlement.Amount)
		assert.Equal(t, 100-test.amount, settlement.Refund)
		assert.Equal(t, test.exceeds, settlement.Exceeds())
		assert.True(t, table.settle(t, settlement))
		assert.False(t, table.settle(t, settlement), "a repeat has no effect")
		after := table.record(t)
		assert.Equal(t, 500+test.amount, after.Used[window])
		assert.Empty(t, after.Holds)
	}
}

func TestSettleInTheUnitOfTheReservation(t *testing.T) {
	p := policy()
	p.Budget = client.Budget{Limit: 50, Unit: client.Tokens, Period: client.Day}
	used := budget.Outcome{Charge: budget.ChargedUse, Use: budget.Use{Cost: 30, Tokens: 7}}
	s := decide(t, known(p), ask()).Settle(used, known(policy()), noon)
	assert.Equal(t, int64(7), s.Amount)
	assert.Equal(t, "utd2026-11-28", s.Counter, "not that of the present policy")
}

func TestASettlementChangesTheWindowOfItsReserve(t *testing.T) {
	table := tableWith(known(policy()))
	reservation := decide(t, known(policy()), ask())
	reply := table.reserve(t, reservation)
	later := noon.AddDate(0, 5, 0)
	s := reservation.Settle(budget.Outcome{Charge: budget.ChargedUse, Use: budget.Use{Cost: 30}}, *reply.Record, later)
	assert.Empty(t, s.OldWindows, "its own window stays, however old")
	assert.True(t, table.settle(t, s))
	assert.Equal(t, map[string]int64{window: 30}, table.record(t).Used)
}

func TestASettlementAfterItsHoldExpiredHasNoEffect(t *testing.T) {
	table := tableWith(known(policy()))
	reservation := decide(t, known(policy()), ask())
	reply := table.reserve(t, reservation)
	later := ask()
	later.Now, later.HoldID = noon.Add(2*time.Minute), hold(3*time.Minute, "other")
	other := decide(t, *reply.Record, later)
	assert.Equal(t, []string{reservation.HoldID}, other.Cleared)
	require.True(t, table.reserve(t, other).Applied)
	assert.False(t, table.settle(t, reservation.Settle(budget.Outcome{Charge: budget.ChargedNothing}, *reply.Record, noon)))
	assert.Equal(t, int64(200), table.record(t).Used[window], "the hold stays charged")
}

func TestASettlementDoesNotClearItsOwnHoldTwice(t *testing.T) {
	reservation := decide(t, known(policy()), ask())
	record := addHolds(known(policy()), 2, -time.Minute)
	record.Holds[reservation.HoldID], record.Used[window] = 100, 100
	s := reservation.Settle(budget.Outcome{Charge: budget.ChargedHold}, record, noon.Add(time.Hour))
	assert.Equal(t, []string{hold(-time.Minute, "000"), hold(-time.Minute, "001")}, s.Cleared)
	assert.True(t, tableWith(record).settle(t, s))
}

// TestAnotherTimeForTheSameRequestIsWrong shows why a request that is decided again keeps
// its time: an earlier write holds an amount of one window, which the later decision
// would settle in another.
func TestAnotherTimeForTheSameRequestIsWrong(t *testing.T) {
	first := decide(t, known(policy()), ask())
	table := tableWith(known(policy()))
	require.True(t, table.reserve(t, first).Applied, "but its reply is lost")
	later := ask()
	later.Now = noon.AddDate(0, 1, 0)
	second := decide(t, known(policy()), later)
	assert.NotEqual(t, first.Counter, second.Counter)
	reply := table.reserve(t, second)
	verdict, _ := second.Conclude(reply)
	assert.Equal(t, budget.Admitted, verdict)
	assert.NotContains(t, reply.Record.Used, second.Counter)
}
