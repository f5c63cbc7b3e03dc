package client

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// Unit is the unit of a budget.
type Unit string

// The units of budgets, as the table has them: nano-dollars, and tokens.
const (
	Dollars Unit = "$"
	Tokens  Unit = "t"
)

// Period is the time after which a budget begins anew, in UTC.
type Period string

// The periods of budgets, as the table has them. A budget once granted never begins anew.
const (
	Day   Period = "d"
	Month Period = "m"
	Once  Period = "o"
)

// Budget limits what a client may use in a period. The zero Budget is none.
type Budget struct {
	Limit  int64 // in nano-dollars or tokens
	Unit   Unit
	Period Period
}

// IsZero reports whether there is no budget.
func (b Budget) IsZero() bool { return b == Budget{} }

// MaxTokens is the largest budget of tokens.
const MaxTokens = 1_000_000_000_000_000

// longestMonth is the largest number of days in a month.
const longestMonth = 31

var units = map[string]Unit{"usd": Dollars, "tokens": Tokens}

var periods = map[string]Period{"day": Day, "month": Month, "once": Once}

// ParseBudget reads a budget such as "50usd/month", "100000tokens/day" or "5usd/once".
// "none" is the zero Budget.
func ParseBudget(s string) (Budget, error) {
	if s == "none" {
		return Budget{}, nil
	}
	want := fmt.Errorf("budget %q: want an amount with its unit and period, such as 50usd/month, 2.50usd/day, 100000tokens/day or 5usd/once, or none", s)
	amount, period, found := strings.Cut(s, "/")
	if !found {
		return Budget{}, want
	}
	b := Budget{Period: periods[period]}
	number := strings.TrimRight(amount, "abcdefghijklmnopqrstuvwxyz")
	b.Unit = units[amount[len(number):]]
	if b.Unit == "" || b.Period == "" {
		return Budget{}, want
	}
	if b.Unit == Dollars {
		dollars, err := price.ParseAmount(number)
		if err != nil {
			return Budget{}, fmt.Errorf("budget %q: %w", s, err)
		}
		if b.Period == Day && dollars > price.MaxAmount/longestMonth {
			return Budget{}, fmt.Errorf("budget %q: want at most %s dollars a day", s, price.MaxAmount/longestMonth)
		}
		b.Limit = int64(dollars)
		return b, nil
	}
	tokens, err := strconv.ParseUint(number, 10, 63)
	if err != nil || tokens > MaxTokens {
		return Budget{}, fmt.Errorf("budget %q: want a whole number of at most %d tokens", s, int64(MaxTokens))
	}
	b.Limit = int64(tokens)
	return b, nil
}

// String returns the budget in the form that [ParseBudget] reads.
func (b Budget) String() string {
	if b.IsZero() {
		return "none"
	}
	return b.Unit.Format(b.Limit) + "/" + nameOf(periods, b.Period)
}

// Format returns an amount of the unit, such as "12.50usd" or "4000tokens".
func (u Unit) Format(amount int64) string {
	if u == Tokens {
		return strconv.FormatInt(amount, 10) + "tokens"
	}
	return price.Amount(amount).String() + "usd"
}

func nameOf[V comparable](names map[string]V, value V) string {
	for name, named := range names {
		if named == value {
			return name
		}
	}
	return ""
}

// Counter returns the name of the attribute that counts what is used and held in the
// budget's window at a time. Without a budget, dollars are counted by the month. At the
// end of a window another attribute begins: no counter is ever reset.
func (b Budget) Counter(now time.Time) string {
	if b.IsZero() {
		b.Unit, b.Period = Dollars, Month
	}
	return counterPrefix + string(b.Unit) + string(b.Period) + b.Period.window(now)
}

const counterPrefix = "u"

func (p Period) window(now time.Time) string {
	switch p {
	case Day:
		return now.UTC().Format("2006-01-02")
	case Month:
		return now.UTC().Format("2006-01")
	}
	return ""
}

// End returns the end of the window at a time, or the zero time if it has none.
func (p Period) End(now time.Time) time.Time {
	year, month, day := now.UTC().Date()
	switch p {
	case Day:
		return time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
	case Month:
		return time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Time{}
}

// Monthly returns the most that a budget of dollars lets a client spend in a calendar
// month. A budget of tokens or none has no such amount.
func (b Budget) Monthly() (price.Amount, bool) {
	switch {
	case b.Unit != Dollars:
		return 0, false
	case b.Period == Day:
		return price.Amount(b.Limit) * longestMonth, true
	}
	return price.Amount(b.Limit), true
}
