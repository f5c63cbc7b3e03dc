package budget

import (
	"math"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
)

// maxCleared is the number of expired holds that one write removes at most, so that its
// expression stays small. It is exceeded where more are in the way: after the limit of
// requests at once was lowered.
const maxCleared = 8

// maxOld is the number of old minutes, and of old windows, that one write removes at most.
const maxOld = 8

// Decide decides about a request by a client's record, which may be out of date: the
// reservation's write is refused if the policy is another by then. A refusal is certain
// only if the record isn't out of date; see [Reservation.Conclude] for the limits that
// the write itself checks.
func Decide(known client.Record, ask Ask) (Reservation, *Refusal) {
	if refusal := refuse(known, ask); refusal != nil {
		return Reservation{}, refusal
	}
	r := Reservation{
		Client:     known.Name,
		HoldID:     ask.HoldID,
		Revision:   known.Revision,
		Counter:    known.Budget.Counter(ask.Now),
		Minute:     client.Minute(ask.Now),
		Amount:     ask.Most.of(known.Budget),
		Room:       math.MaxInt64,
		PerMinute:  known.PerMinute,
		AtOnce:     known.AtOnce,
		Final:      ask.Final,
		OldMinutes: first(known.OldMinutes(ask.Now), maxOld),
		policy:     known.Policy,
		now:        ask.Now,
	}
	if !known.Budget.IsZero() {
		r.Room = known.Budget.Limit - r.Amount
	}
	// A write that fails removes nothing, so that this one must make enough room.
	r.Cleared = expired(known, ask.Now, max(maxCleared, len(known.Holds)-known.AtOnce+1))
	live, _ := known.Live(ask.Now)
	// Expired holds count until they are removed. Where they take all the places, the
	// write that removes some may use one of theirs, if they are still there.
	r.Replaces = !ask.Final && live < known.AtOnce && len(known.Holds) >= known.AtOnce
	return r, nil
}

// refuse returns the refusal by the policy, which no counter changes.
func refuse(known client.Record, ask Ask) *Refusal {
	switch {
	case ask.Key != "" && !known.Has(ask.Key), ask.Key == "" && known.Name != client.Anonymous:
		return &Refusal{Reason: InvalidKey}
	case !ask.KeyExpires.IsZero() && !ask.Now.Before(ask.KeyExpires):
		return &Refusal{Reason: InvalidKey, Expired: ask.KeyExpires}
	case known.HasExpired(ask.Now):
		return &Refusal{Reason: InvalidKey, Expired: known.Expires}
	case !known.Enabled:
		return &Refusal{Reason: Suspended}
	case ask.Model == "" && !known.Inference, ask.Model != "" && !known.Allows(ask.Model):
		return &Refusal{Reason: ModelNotAllowed}
	case known.PerMinute == 0:
		return &Refusal{Reason: RateExceeded, RetryAt: nextMinute(ask.Now)}
	case !ask.Final && known.AtOnce == 0:
		return &Refusal{Reason: TooManyAtOnce}
	}
	// The write can't check this: the counter of a new window doesn't exist yet.
	if amount := ask.Most.of(known.Budget); !known.Budget.IsZero() && amount > known.Budget.Limit {
		return budgetRefusal(known, ask.Now, amount)
	}
	return nil
}

// budgetRefusal returns the refusal of a request that doesn't fit into what is left of
// the budget: because of what is used, or only of what is held.
func budgetRefusal(known client.Record, now time.Time, amount int64) *Refusal {
	used := known.Used[known.Budget.Counter(now)]
	_, held := known.Live(now)
	refusal := &Refusal{
		Reason: BudgetSpent,
		Limit:  known.Budget.Limit,
		Budget: known.Budget,
		Left:   max(0, known.Budget.Limit-used),
	}
	// Some of what is held may be of another window.
	if max(0, used-held)+amount <= known.Budget.Limit {
		refusal.Reason = BudgetInUse
		return refusal
	}
	refusal.RetryAt = known.Budget.Period.End(now)
	return refusal
}

// expired returns the ids of at most n holds whose requests have surely ended.
func expired(known client.Record, now time.Time, n int) []string {
	var ids []string
	for id := range known.Holds {
		if client.IsExpired(id, now) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return first(ids, n)
}

// first returns the first n of some names, or fewer.
func first(names []string, n int) []string { return names[:min(len(names), n)] }

// of returns the use in the unit of a budget.
func (u Use) of(b client.Budget) int64 {
	if b.Unit == client.Tokens {
		return u.Tokens
	}
	return int64(u.Cost)
}

func nextMinute(now time.Time) time.Time { return now.UTC().Truncate(time.Minute).Add(time.Minute) }
