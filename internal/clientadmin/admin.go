// Package clientadmin changes the clients of the API for an operator. Each change is a
// plan, a pure function of what was read before and of the command: a transaction that is
// written only if nothing relevant has changed since. [Admin] reads, plans and writes.
package clientadmin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// Table has the operations of the table of clients that an operator needs: a
// [dynamo.Client].
type Table interface {
	GetItem(ctx context.Context, key dynamo.Item) (dynamo.Item, error)
	UpdateItem(ctx context.Context, update dynamo.Update) (dynamo.Item, error)
	Scan(ctx context.Context, prefix string) ([]dynamo.Item, error)
	TransactWrite(ctx context.Context, writes []dynamo.Write) error
}

// A change is planned anew if another operator, or the holder of a key, has changed the
// client since it was read. It is repeated more often if DynamoDB refuses the transaction
// because a request of the client is writing the item.
const (
	maxAttempts  = 3
	maxConflicts = 20
	maxBackoff   = 200 * time.Millisecond
)

// Admin changes clients.
type Admin struct {
	Table Table
	Now   func() time.Time

	// Ceiling is the most that all budgets may come to, in dollars a month, zero for no
	// ceiling. Nil is the one that the table has from an earlier change.
	Ceiling *price.Amount

	// Confirm returns an error unless the operator confirms the plan. It is called for
	// plans with effects.
	Confirm func(Plan) error
}

// Create makes a client.
func (a Admin) Create(ctx context.Context, name string, c Change) (Plan, error) {
	now := a.Now()
	return a.run(ctx, name, c.Budget != nil, func(seen Seen) (Plan, error) { return Create(seen, c, now) })
}

// Set changes a client's policy.
func (a Admin) Set(ctx context.Context, name string, c Change) (Plan, error) {
	return a.run(ctx, name, c.Budget != nil, func(seen Seen) (Plan, error) { return Set(seen, c, a.Now()) })
}

// Suspend refuses the client's requests until it is resumed.
func (a Admin) Suspend(ctx context.Context, name string) (Plan, error) {
	return a.run(ctx, name, false, Suspend)
}

// Resume ends a suspension.
func (a Admin) Resume(ctx context.Context, name string) (Plan, error) {
	return a.run(ctx, name, false, Resume)
}

// AddKey stores a key for a client. After an [*UnknownError], the key may be stored.
func (a Admin) AddKey(ctx context.Context, name string, digest credential.Digest, expires time.Time) (Plan, error) {
	return a.run(ctx, name, false, func(seen Seen) (Plan, error) { return AddKey(seen, digest, expires, a.Now()) })
}

// Map takes the tokens of a subject for those of a client.
func (a Admin) Map(ctx context.Context, name string, s Subject) (Plan, error) {
	return a.run(ctx, name, false, func(seen Seen) (Plan, error) {
		item, err := a.Table.GetItem(ctx, clientstore.Subject(s).Key())
		if err != nil {
			return Plan{}, fmt.Errorf("read the subject: %w", err)
		}
		return Map(seen, s, item[clientAttribute].Text())
	})
}

// Unmap ends what Map began.
func (a Admin) Unmap(ctx context.Context, name string, s Subject) (Plan, error) {
	return a.run(ctx, name, false, func(seen Seen) (Plan, error) { return Unmap(seen, s) })
}

// Revoke takes credentials off a client, by their ids, or all of them if none is given.
// When it has returned, no request with them is admitted, also if the error says that
// their items are left. gone are ids that the client didn't have any more.
func (a Admin) Revoke(ctx context.Context, name string, ids []string) (plan Plan, gone []string, err error) {
	plan, err = a.run(ctx, name, false, func(seen Seen) (Plan, error) {
		var plan Plan
		var err error
		plan, gone, err = Revoke(seen, ids)
		return plan, err
	})
	if err != nil {
		return plan, gone, err
	}
	return plan, gone, a.removeEnded(ctx, plan, gone)
}

// removeEnded deletes the items of the credentials that a revocation ended. An id of which
// there never was an item is an error.
func (a Admin) removeEnded(ctx context.Context, plan Plan, gone []string) error {
	all, err := a.Credentials(ctx)
	if err != nil {
		return leftItems(plan, err)
	}
	ended := slices.DeleteFunc(all, func(c Credential) bool { return c.Client != plan.Client || plan.After.Has(c.ID) })
	var unknown problems
	for _, id := range gone {
		if !slices.ContainsFunc(ended, func(c Credential) bool { return c.ID == id }) {
			unknown.client = plan.Client
			unknown.flag(KeyFlag, id, "the id of one of its keys: "+listed(plan.Before.Keys))
		}
	}
	if err := unknown.err(); err != nil {
		return err
	}
	ended = slices.DeleteFunc(ended, func(c Credential) bool { return !plan.ended(c.ID) && !slices.Contains(gone, c.ID) })
	return a.remove(ctx, plan, ended)
}

// ended reports whether the plan takes this id off the client.
func (plan Plan) ended(id string) bool { return plan.Before.Has(id) && !plan.After.Has(id) }

// Delete deletes a client, with its credentials if force is set.
func (a Admin) Delete(ctx context.Context, name string, force bool) (Plan, error) {
	plan, err := a.run(ctx, name, true, func(seen Seen) (Plan, error) { return Delete(seen, force) })
	if err != nil {
		return plan, err
	}
	all, err := a.Credentials(ctx)
	if err != nil {
		return plan, leftItems(plan, err)
	}
	return plan, a.remove(ctx, plan, slices.DeleteFunc(all, func(c Credential) bool { return c.Client != name }))
}

func (a Admin) remove(ctx context.Context, plan Plan, all []Credential) error {
	for _, writes := range RemoveCredentials(all) {
		if err := a.write(ctx, writes); err != nil {
			return leftItems(plan, err)
		}
	}
	return nil
}

// leftItems returns the error for a change that is in force, while items of credentials
// that are no longer valid are left.
func leftItems(plan Plan, err error) error {
	return fmt.Errorf("client %s: the change is in force and the keys are refused, but their items, which have no effect any more, "+
		"could not be deleted: %w", plan.Client, err)
}

// run reads, plans and writes until nothing has changed in between.
func (a Admin) run(ctx context.Context, name string, withSum bool, plan func(Seen) (Plan, error)) (Plan, error) {
	var last Plan
	for attempt := 1; ; attempt++ {
		seen, err := a.see(ctx, name, withSum)
		if err != nil {
			return Plan{}, err
		}
		planned, err := plan(seen)
		switch {
		case err != nil:
			return Plan{}, err
		case len(planned.Writes) == 0 && attempt > 1:
			return last, nil // the write took effect, but its reply was lost
		case len(planned.Writes) == 0:
			return planned, nil
		}
		if len(planned.Effects) > 0 && !slices.Equal(planned.Effects, last.Effects) {
			if err := a.Confirm(planned); err != nil {
				return Plan{}, err
			}
		}
		last = planned
		err = a.write(ctx, planned.Writes)
		switch {
		case err == nil:
			return planned, nil
		case isRefused(err):
			return Plan{}, fmt.Errorf("client %s: nothing was written: %w", name, err)
		case !isConditionFailed(err):
			return Plan{}, &UnknownError{Client: name, Err: err}
		case attempt == maxAttempts:
			return Plan{}, &ConflictError{Client: name, Err: err}
		}
	}
}

// write writes a plan. One update of the client's item needs no transaction, with which
// requests of the client would conflict.
func (a Admin) write(ctx context.Context, writes []dynamo.Write) error {
	if len(writes) == 1 && writes[0].Update != nil {
		_, err := a.Table.UpdateItem(ctx, *writes[0].Update)
		return err
	}
	for conflict := 1; ; conflict++ {
		err := a.Table.TransactWrite(ctx, writes)
		if conflict == maxConflicts || !isConflict(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(rand.N(maxBackoff)):
		}
	}
}

// isConditionFailed reports whether nothing was written because of another change.
func isConditionFailed(err error) bool {
	var failed *dynamo.ConditionFailed
	var canceled *dynamo.TransactionCanceled
	return errors.As(err, &failed) || errors.As(err, &canceled)
}

// isRefused reports whether the service refused a write, for lack of a permission for
// instance. Where it refused only the last attempt, as with throttling, an earlier one may
// have been applied.
func isRefused(err error) bool { return awsjson.IsRejected(err) && !awsjson.IsTransient(err) }

// isConflict reports whether a transaction was canceled only because of other writes of
// the same items at the same time.
func isConflict(err error) bool {
	var canceled *dynamo.TransactionCanceled
	if !errors.As(err, &canceled) {
		return false
	}
	conflict := false
	for _, reason := range canceled.Reasons {
		switch reason.Code {
		case dynamo.ReasonConflict:
			conflict = true
		case dynamo.ReasonNone:
		default:
			return false
		}
	}
	return conflict
}

// UnknownError is the error of a change of which it isn't known whether it was written,
// because the reply was lost.
type UnknownError struct {
	Client string
	Err    error
}

// Error implements error.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("client %s: it isn't known whether the change was written; `show` tells: %v", e.Client, e.Err)
}

// Unwrap returns the error of the table.
func (e *UnknownError) Unwrap() error { return e.Err }

// ConflictError is the error of a change that was not written, because each time something
// else had changed since it was planned.
type ConflictError struct {
	Client string
	Err    error
}

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("client %s: nothing was written: another operator, or the holder of a key, changed the client or the sum of budgets "+
		"%d times meanwhile; repeat the command (%v)", e.Client, maxAttempts, e.Err)
}

// Unwrap returns the reason of the table.
func (e *ConflictError) Unwrap() error { return e.Err }

// see reads what a change is planned by. The sum of budgets is read before the budgets
// that it is of, so that a write which requires that sum is refused if any of them has
// changed since.
func (a Admin) see(ctx context.Context, name string, withSum bool) (Seen, error) {
	seen := Seen{Name: name}
	if withSum {
		sum, err := a.sum(ctx)
		if err != nil {
			return Seen{}, err
		}
		seen.Sum = sum
	}
	item, err := a.Table.GetItem(ctx, client.Key(name))
	if err != nil {
		return Seen{}, fmt.Errorf("read client %s: %w", name, err)
	}
	if item == nil {
		return seen, nil
	}
	record, err := client.ParseItem(item)
	seen.Record = &record
	return seen, err
}

func (a Admin) sum(ctx context.Context) (Sum, error) {
	item, err := a.Table.GetItem(ctx, sumItemKey())
	if err != nil {
		return Sum{}, fmt.Errorf("read the sum of budgets: %w", err)
	}
	sum, err := parseSum(item)
	if err != nil {
		return Sum{}, err
	}
	if a.Ceiling != nil {
		sum.Ceiling = *a.Ceiling
	}
	records, err := a.Clients(ctx)
	for _, r := range records {
		sum.Total += monthly(r.Budget)
	}
	return sum, err
}
