package admission

import (
	"context"
	"errors"
	"sort"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// maxAgain is the number of times that a request is decided again because its client's
// item changed between the decision and the write.
const maxAgain = 2

// Refused is the error of a request that isn't admitted.
type Refused struct {
	*budget.Refusal

	// Fitting is the highest maximum of tokens with which the request would have been
	// admitted, if the budget is the reason. It is 0 if there is none.
	Fitting int
}

// Unwrap returns the [budget.Refusal].
func (r *Refused) Unwrap() error { return r.Refusal }

// Reserve admits a request of a caller that was checked, and returns its reservation,
// which must be settled. The error is a [*Refused] or wraps [ErrUnavailable]; nothing is
// held then.
func (a *Admission) Reserve(ctx context.Context, c *Caller, need Need) (*Ticket, error) {
	now := a.Now()
	id, err := a.holdID(ctx, now)
	if err != nil {
		return nil, unavailable("make a nonce", err)
	}
	cost := a.Prices[need.Model]
	ask := budget.Ask{
		Now: now, HoldID: id, Key: c.Key, KeyExpires: c.expires, Model: need.Model,
		Most: need.use(cost),
	}
	t := &Ticket{admission: a, caller: c, need: need, price: cost, most: ask.Most, now: now}
	refusal, err := a.admit(ctx, t, ask)
	switch {
	case err != nil:
		return nil, err
	case refusal != nil:
		return nil, &Refused{refusal, fitting(refusal, need, cost)}
	}
	return t, nil
}

// admit decides and writes a reservation, and decides again if the item has changed.
func (a *Admission) admit(ctx context.Context, t *Ticket, ask budget.Ask) (*budget.Refusal, error) {
	for again := 0; again <= maxAgain; again++ {
		r, refusal, err := a.decide(ctx, t.caller, ask)
		if err != nil || refusal != nil {
			return refusal, err
		}
		reply, err := a.write(ctx, t, r)
		if err != nil {
			return nil, err
		}
		if reply.Record != nil {
			a.remember(t.caller, *reply.Record)
		}
		switch verdict, refusal := r.Conclude(reply); verdict {
		case budget.Admitted:
			t.reservation, t.record = r, t.caller.record
			if reply.Applied {
				t.expired = len(r.Cleared)
			}
			return nil, nil
		case budget.Refused:
			return refusal, nil
		case budget.Again:
		}
	}
	return nil, unavailable("reserve", errors.New("the client's item changes too often"))
}

// decide decides by what is remembered of the client. A refusal is confirmed by what the
// table has.
func (a *Admission) decide(ctx context.Context, c *Caller, ask budget.Ask) (budget.Reservation, *budget.Refusal, error) {
	r, refusal := budget.Decide(c.record, ask)
	if refusal == nil {
		return r, nil, nil
	}
	err := a.observe(ctx, c, true)
	var gone *budget.Refusal
	switch {
	case errors.As(err, &gone):
		return r, gone, nil
	case err != nil:
		return r, nil, err
	}
	r, refusal = budget.Decide(c.record, ask)
	return r, refusal, nil
}

// write writes a reservation. If it isn't known whether it was applied, what it may hold
// is given back: no model is called.
func (a *Admission) write(ctx context.Context, t *Ticket, r budget.Reservation) (budget.Reply, error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	reply, err := a.Store.Reserve(bounded, r)
	if err == nil {
		return reply, nil
	}
	settling, done := settleContext(ctx)
	defer done()
	settlement := r.Settle(budget.Outcome{Charge: budget.ChargedNothing}, client.Record{}, a.Now())
	_, settleErr := a.Settler.Settle(settling, settlement)
	return reply, unavailable("reserve", errors.Join(err, settleErr))
}

// fitting returns the highest maximum of tokens with which a request that its budget
// refused would fit into what is left of it.
func fitting(refusal *budget.Refusal, need Need, p price.Price) int {
	if refusal.Reason != budget.BudgetSpent && refusal.Reason != budget.BudgetInUse {
		return 0
	}
	return max(0, sort.Search(need.Output, func(tokens int) bool {
		smaller := need
		smaller.Output = tokens
		return inUnit(smaller.use(p), refusal.Budget.Unit) > refusal.Left
	})-1)
}

func inUnit(u budget.Use, unit client.Unit) int64 {
	if unit == client.Tokens {
		return u.Tokens
	}
	return int64(u.Cost)
}

// settleContext returns a context for a settlement, which is made though the request's own
// context has ended: within its timeout, and before the deadline of the invocation.
func settleContext(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := SettleTimeout
	if deadline, bounded := ctx.Deadline(); bounded {
		timeout = min(timeout, time.Until(deadline)-settleMargin)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), max(timeout, settleMargin/2))
}
