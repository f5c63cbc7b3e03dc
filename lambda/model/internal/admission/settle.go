package admission

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// Ticket is the reservation of a request that is admitted.
type Ticket struct {
	admission   *Admission
	caller      *Caller
	need        Need
	price       price.Price
	most        budget.Use
	now         time.Time // of the decision
	reservation budget.Reservation
	record      client.Record // after the reservation
	expired     int           // holds that it removed

	settled atomic.Bool
	refund  int64 // of a settlement
}

// Settled describes the settlement of a request.
type Settled struct {
	Charge   budget.Charge
	Cost     price.Amount
	Exceeded bool // the request used more than was held for it
	Expired  int  // holds that were removed because their requests never settled them

	// Warning is the share of the budget that is used, in percent, when this copy of the
	// function first sees it at [warnAt] or above in a window. It is 0 otherwise.
	Warning int

	// Err is the error of the settlement or of the row of usage. The hold then stays
	// charged, or the row lacks the request.
	Err error
}

// warnAt is the share of a budget that is worth a warning, in percent.
const warnAt = 80

// Hold returns what is held for the request.
func (t *Ticket) Hold() budget.Use { return t.most }

// Settle charges the client for the request, which ended with a completion or an error of
// the backend. Only the first call has an effect.
func (t *Ticket) Settle(ctx context.Context, done chat.Completion, cause error) (Settled, bool) {
	if t.settled.Swap(true) {
		return Settled{}, false
	}
	ended, used := outcome(t.price, done, cause)
	now := t.admission.Now()
	settlement := t.reservation.Settle(ended, t.record, now)
	row, write := t.row(ended, used)
	ctx, cancel := settleContext(ctx)
	defer cancel()
	s := Settled{Charge: ended.Charge, Cost: row.Cost, Exceeded: settlement.Exceeds(), Expired: t.expired}
	applied, err := t.write(ctx, settlement, row, write)
	if applied {
		s.Expired += len(settlement.Cleared)
		t.refund = settlement.Refund
	}
	s.Warning = t.warning()
	s.Err = err
	return s, true
}

// row returns the request's row of usage, and whether there is anything to write.
func (t *Ticket) row(ended budget.Outcome, used price.Usage) (clientstore.Row, bool) {
	row := clientstore.Row{
		Client: t.caller.Client, Day: t.now, Model: t.need.Model,
		Requests: 1, Input: int64(used.Input), Output: int64(used.Output),
	}
	switch ended.Charge {
	case budget.ChargedUse:
		row.Cost = ended.Use.Cost
	case budget.ChargedHold:
		row.Cost = t.most.Cost
	case budget.ChargedNothing:
		return row, false
	}
	return row, true
}

// write writes a settlement and a row of usage, at the same time.
func (t *Ticket) write(ctx context.Context, settlement budget.Settlement, row clientstore.Row, writeRow bool) (applied bool, err error) {
	var (
		wait   sync.WaitGroup
		rowErr error
	)
	if writeRow {
		wait.Go(func() { rowErr = t.admission.Settler.AddUsage(ctx, row, t.admission.UsageDays) })
	}
	applied, err = t.admission.Settler.Settle(ctx, settlement)
	wait.Wait()
	switch {
	case err != nil:
		return false, unavailable("settle", err)
	case rowErr != nil:
		return applied, unavailable("add a row of usage", rowErr)
	}
	return applied, nil
}

// warning returns the share of the budget that is used, in percent, if it is worth a
// warning that this copy has not given yet for the window and the limit.
func (t *Ticket) warning() int {
	b := t.record.Budget
	if b.Limit == 0 {
		return 0
	}
	share := int(100 * float64(t.used()) / float64(b.Limit))
	if share < warnAt {
		return 0
	}
	if t.admission.warned.Put(t.caller.Client+" "+t.reservation.Counter+" "+strconv.FormatInt(b.Limit, 10), true) {
		return 0
	}
	return share
}

// used returns what is used and held of the client's budget in the request's window.
func (t *Ticket) used() int64 { return t.record.Used[t.reservation.Counter] - t.refund }

// Left returns what is left of the client's budget, and whether it has one.
func (t *Ticket) Left() (amount int64, unit client.Unit, limited bool) {
	b := t.record.Budget
	return max(0, b.Limit-t.used()), b.Unit, !b.IsZero()
}

// Rate is the state of a client's rate.
type Rate struct {
	Limit     int // requests in a UTC minute
	Remaining int
	Reset     time.Duration // until the minute ends
}

// Rate returns the state of the client's rate after the request.
func (t *Ticket) Rate() Rate {
	limit := t.reservation.PerMinute
	return Rate{
		Limit:     limit,
		Remaining: max(0, limit-int(t.record.Minutes[t.reservation.Minute])),
		Reset:     t.now.Truncate(time.Minute).Add(time.Minute).Sub(t.now),
	}
}
