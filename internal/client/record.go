package client

import (
	"strconv"
	"strings"
	"time"
)

// Record is a client's item: the policy, and what is used and held.
type Record struct {
	Name string
	Policy

	// Used has the amounts used and held, in the unit of each window's budget, by the names
	// that [Budget.Counter] returns.
	Used map[string]int64

	// Minutes are the requests admitted in each minute, by the names that [Minute]
	// returns.
	Minutes map[string]int64

	// Holds are the amounts held for requests that have not been settled, by their ids.
	Holds map[string]int64
}

const minutePrefix = "r"

// Minute returns the name of the attribute that counts the requests of a UTC minute.
func Minute(now time.Time) string {
	return minutePrefix + strconv.FormatInt(now.Unix()/60, 10)
}

// HoldID returns the id of a hold whose request has surely ended at a time, with a nonce
// that no other request has.
func HoldID(end time.Time, nonce string) string {
	return strconv.FormatInt(end.Unix(), 36) + "-" + nonce
}

// HoldEnd returns the time in a hold's id, or the zero time for an id of another form.
func HoldEnd(id string) time.Time {
	seconds, _, _ := strings.Cut(id, "-")
	end, err := strconv.ParseInt(seconds, 36, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(end, 0)
}

// IsExpired reports whether the request of the hold with this id has surely ended.
func IsExpired(id string, now time.Time) bool { return now.After(HoldEnd(id)) }

// Live returns the number of holds that have not expired, and the sum of their amounts.
func (r Record) Live(now time.Time) (count int, sum int64) {
	for id, amount := range r.Holds {
		if !IsExpired(id, now) {
			count++
			sum += amount
		}
	}
	return count, sum
}

// OldMinutes returns the names of the minutes that are over. The two last ones stay,
// since clocks differ.
func (r Record) OldMinutes(now time.Time) []string {
	var old []string
	for name := range r.Minutes {
		minute, err := strconv.ParseInt(strings.TrimPrefix(name, minutePrefix), 10, 64)
		if err == nil && minute < now.Unix()/60-2 {
			old = append(old, name)
		}
	}
	return sorted(old)
}

// OldWindows returns the names of the windows that are over, but for the last two of the
// period: those of budgets by the day or month only.
func (r Record) OldWindows(now time.Time) []string {
	var old []string
	for name := range r.Used {
		if isOldWindow(name, now) {
			old = append(old, name)
		}
	}
	return sorted(old)
}

func isOldWindow(name string, now time.Time) bool {
	for _, unit := range []Unit{Dollars, Tokens} {
		for _, period := range []Period{Day, Month} {
			head := counterPrefix + string(unit) + string(period)
			window, found := strings.CutPrefix(name, head)
			if found && len(window) == len(period.window(now)) {
				return window < period.window(period.back(now, 2))
			}
		}
	}
	return false
}

// back returns a time in the window n windows before.
func (p Period) back(now time.Time, n int) time.Time {
	year, month, day := now.UTC().Date()
	if p == Day {
		return time.Date(year, month, day-n, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(year, month-time.Month(n), 1, 0, 0, 0, 0, time.UTC)
}
