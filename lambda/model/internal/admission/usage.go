package admission

import (
	"context"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
)

// Usage has the use of a client.
type Usage struct {
	Budget client.Budget // zero for none
	Used   int64         // in the budget's unit, in its window; in nano-dollars this month without a budget
	Held   int64         // for requests that have not ended
	Left   int64         // 0 without a budget
	End    time.Time     // of the budget's window; zero for none

	PerMinute  int
	AtOnce     int
	ThisMinute int // requests admitted
	Now        int // requests that have not ended

	Rows []clientstore.Row
}

// Usage returns what the client of a caller that was just checked has used, with rows of a
// number of UTC days, of which today is the last.
func (a *Admission) Usage(ctx context.Context, c *Caller, days int) (Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now := a.Now()
	rows, err := a.Store.Usage(ctx, c.Client, now.AddDate(0, 0, 1-days), now)
	if err != nil {
		return Usage{}, unavailable("read the usage", err)
	}
	record := c.record
	charged := record.Used[record.Budget.Counter(now)]
	live, held := record.Live(now)
	u := Usage{
		Budget: record.Budget, Used: max(0, charged-held), Held: held,
		PerMinute: record.PerMinute, AtOnce: record.AtOnce, ThisMinute: int(record.Minutes[client.Minute(now)]), Now: live,
		Rows: rows,
	}
	if !record.Budget.IsZero() {
		u.Left = max(0, record.Budget.Limit-charged)
		u.End = record.Budget.Period.End(now)
	}
	return u, nil
}

// EndKey takes the caller's key off its client. It has no effect if that was done before.
func (a *Admission) EndKey(ctx context.Context, c *Caller) error {
	switch {
	case c.Token:
		return ErrToken // it would end the tokens of all that share its subject
	case c.Key == "":
		return ErrMissing
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := a.Store.EndKey(ctx, c.Client, c.Key); err != nil {
		return unavailable("end the key", err)
	}
	a.admitter.Forget(c.Client)
	return nil
}
