package client_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

func TestParseBudget(t *testing.T) {
	for text, want := range map[string]client.Budget{
		"none":             {},
		"50usd/month":      {Limit: 50_000_000_000, Unit: client.Dollars, Period: client.Month},
		"2.50usd/day":      {Limit: 2_500_000_000, Unit: client.Dollars, Period: client.Day},
		"5usd/once":        {Limit: 5_000_000_000, Unit: client.Dollars, Period: client.Once},
		"100000tokens/day": {Limit: 100_000, Unit: client.Tokens, Period: client.Day},
		"0tokens/month":    {Unit: client.Tokens, Period: client.Month},
		"0usd/month":       {Unit: client.Dollars, Period: client.Month},
	} {
		got, err := client.ParseBudget(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
		assert.Equal(t, text == "none", got.IsZero(), text)
	}
}

func TestParseBudgetRefuses(t *testing.T) {
	for _, text := range []string{
		"", "/", "50", "50usd", "50/month", "usd/month", "tokens/day", "50usd/week", "50usd/", "50eur/month", "50usd/month/day", "50USD/month",
		" 50usd/month", "50 usd/month", "-1usd/month", "+1tokens/day", "1.5tokens/day", "1e3usd/day", "1_000tokens/day", "0.0000000001usd/day",
		"1000000000.1usd/month", "1000000000000001tokens/day", "18446744073709551616tokens/day", "none/month", "unlimited", "٣usd/day",
	} {
		_, err := client.ParseBudget(text)
		require.ErrorContains(t, err, text)
	}
}

func TestBudgetsOfAMonthStayWithin64Bits(t *testing.T) {
	_, err := client.ParseBudget("1000000000usd/day")
	require.ErrorContains(t, err, "want at most 32258064.516129032 dollars a day")
	largest, err := client.ParseBudget("32258064.516129032usd/day")
	require.NoError(t, err)
	monthly, ok := largest.Monthly()
	assert.True(t, ok)
	assert.Positive(t, monthly)
	assert.LessOrEqual(t, monthly, price.MaxAmount)
}

func TestMonthly(t *testing.T) {
	for text, want := range map[string]price.Amount{
		"50usd/month": 50 * price.Dollar, "2usd/day": 62 * price.Dollar, "5usd/once": 5 * price.Dollar,
	} {
		budget, err := client.ParseBudget(text)
		require.NoError(t, err)
		got, ok := budget.Monthly()
		assert.True(t, ok, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"none", "5tokens/day"} {
		budget, err := client.ParseBudget(text)
		require.NoError(t, err)
		_, ok := budget.Monthly()
		assert.False(t, ok, text)
	}
}

func TestWindows(t *testing.T) {
	newYear := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	tests := []struct {
		budget  string
		counter string
		end     time.Time
	}{
		{"1usd/day", "u$d2026-12-31", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"1usd/month", "u$m2026-12", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"1usd/once", "u$o", time.Time{}},
		{"1tokens/day", "utd2026-12-31", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"none", "u$m2026-12", time.Time{}},
	}
	tokyo := time.FixedZone("Tokyo", 9*60*60)
	for _, test := range tests {
		budget, err := client.ParseBudget(test.budget)
		require.NoError(t, err)
		assert.Equal(t, test.counter, budget.Counter(newYear), test.budget)
		assert.Equal(t, test.counter, budget.Counter(newYear.In(tokyo)), "windows are those of UTC")
		assert.Equal(t, test.end, budget.Period.End(newYear), test.budget)
		assert.Equal(t, test.end, budget.Period.End(newYear.In(tokyo)), test.budget)
		if !test.end.IsZero() {
			assert.NotEqual(t, budget.Counter(newYear), budget.Counter(test.end), "its end is in the next window")
		}
	}
}

func TestFormat(t *testing.T) {
	assert.Equal(t, "12.50usd", client.Dollars.Format(12_500_000_000))
	assert.Equal(t, "4000tokens", client.Tokens.Format(4000))
}

func FuzzParseBudget(f *testing.F) {
	for _, text := range []string{"none", "50usd/month", "2.50usd/day", "007usd/once", "100tokens/day", "1/2/3", "usd/day"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		budget, err := client.ParseBudget(text)
		if err != nil {
			assert.Equal(t, client.Budget{}, budget)
			return
		}
		again, err := client.ParseBudget(budget.String())
		require.NoError(t, err, budget)
		assert.Equal(t, budget, again)
		assert.GreaterOrEqual(t, budget.Limit, int64(0))
		assert.Less(t, budget.Limit, int64(math.MaxInt64/4))
		if monthly, ok := budget.Monthly(); ok {
			assert.GreaterOrEqual(t, monthly, price.Amount(0))
		}
	})
}
