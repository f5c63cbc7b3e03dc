package admission

import (
	"context"
	"errors"
	"sort"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

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
		Now: now, HoldID: id, Model: need.Model,
		Most: need.use(cost),
	}
	admitted, err := a.admitter.Admit(ctx, c.identity(), ask)
	var refusal *budget.Refusal
	switch {
	case errors.As(err, &refusal):
		return nil, &Refused{refusal, fitting(refusal, need, cost)}
	case err != nil:
		return nil, unavailable("reserve", errors.Join(err, a.giveBack(ctx, err)))
	}
	c.record = admitted.Record
	return &Ticket{
		admission: a, caller: c, need: need, price: cost, most: ask.Most, now: now,
		reservation: admitted.Reservation, record: admitted.Record, expired: admitted.Expired,
	}, nil
}

// giveBack settles a reservation of which it isn't known whether it was written: what it
// may hold is given back, since no model is called.
func (a *Admission) giveBack(ctx context.Context, err error) error {
	var unconfirmed *admit.Unconfirmed
	if !errors.As(err, &unconfirmed) {
		return nil
	}
	settling, done := settleContext(ctx)
	defer done()
	_, err = a.Settler.Settle(settling, unconfirmed.Reservation.Settle(budget.Outcome{Charge: budget.ChargedNothing}, client.Record{}, a.Now()))
	return err
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
