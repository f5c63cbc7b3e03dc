package clientadmin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
)

// effects says what a new policy takes away from a client: it goes below what is used now,
// or ends a permission.
func effects(r client.Record, after client.Policy, now time.Time) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	counter := after.Budget.Counter(now)
	if used := r.Used[counter]; after.Budget.Limit <= used && !after.Budget.IsZero() && hasRoom(r, counter, now) {
		add("%s of the budget %s are used and held: requests are refused%s",
			after.Budget.Unit.Format(used), after.Budget, until(after.Budget.Period.End(now)))
	}
	if admitted := lastMinutes(r, now); after.PerMinute < r.PerMinute && int64(after.PerMinute) < admitted {
		add("%d requests were admitted in a minute just now: with %d some are refused", admitted, after.PerMinute)
	}
	if live, _ := r.Live(now); after.AtOnce < r.AtOnce && after.AtOnce < live {
		add("%d requests are under way: with %d at once new ones are refused until some have ended", live, after.AtOnce)
	}
	if removed := lost(r.Policy, after); removed != "" {
		add("requests for %s are refused", removed)
	}
	if r.Inference && !after.Inference {
		add("requests to the private route are refused")
	}
	return all
}

// hasRoom reports whether the client may still use something of what this counter counts.
func hasRoom(r client.Record, counter string, now time.Time) bool {
	return r.Budget.IsZero() || r.Budget.Counter(now) != counter || r.Used[counter] < r.Budget.Limit
}

func until(end time.Time) string {
	if end.IsZero() {
		return ""
	}
	return " until " + FormatTime(end)
}

// FormatTime returns a time to the minute, in UTC.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// lastMinutes returns the most requests that were admitted in this minute or the one
// before.
func lastMinutes(r client.Record, now time.Time) int64 {
	return max(r.Minutes[client.Minute(now)], r.Minutes[client.Minute(now.Add(-time.Minute))])
}

// lost names the models that a policy no longer allows.
func lost(before, after client.Policy) string {
	switch {
	case after.Models == nil:
		return ""
	case before.Models == nil:
		return "all models but " + strings.Join(after.Models, ", ")
	}
	return strings.Join(slices.DeleteFunc(slices.Clone(before.Models), after.Allows), ", ")
}
