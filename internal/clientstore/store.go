// Package clientstore reads and writes the clients of the API in their table: their
// credentials, their items with policies and counters, and what they used.
package clientstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// Table has the operations of [dynamo.Client] that a Store needs.
type Table interface {
	GetItem(ctx context.Context, key dynamo.Item) (dynamo.Item, error)
	UpdateItem(ctx context.Context, update dynamo.Update) (dynamo.Item, error)
	Query(ctx context.Context, query dynamo.Query) ([]dynamo.Item, error)
}

// Store has the clients of a table. It is safe for concurrent use.
type Store struct {
	Table Table
}

// errDamaged is wrapped by the errors for items that can't be read.
var errDamaged = errors.New("an item of the clients' table is damaged")

// Client returns a client's record, and whether the client exists.
func (s Store) Client(ctx context.Context, name string) (client.Record, bool, error) {
	item, err := s.Table.GetItem(ctx, client.Key(name))
	if err != nil {
		return client.Record{}, false, fmt.Errorf("read client %s: %w", name, err)
	}
	if item == nil {
		return client.Record{}, false, nil
	}
	record, err := client.ParseItem(item)
	if err != nil {
		return client.Record{}, false, fmt.Errorf("read client %s: %w", name, err)
	}
	return record, true, nil
}

// Reserve writes a reservation. After an error it isn't known whether it was applied: the
// hold may be there, or come yet.
func (s Store) Reserve(ctx context.Context, r budget.Reservation) (budget.Reply, error) {
	item, err := s.Table.UpdateItem(ctx, r.Update())
	var failed *dynamo.ConditionFailed
	applied := err == nil
	switch {
	case errors.As(err, &failed):
		item = failed.Item
	case err != nil:
		return budget.Reply{}, fmt.Errorf("reserve for client %s: %w", r.Client, err)
	}
	if item == nil && !applied {
		return budget.Reply{}, nil
	}
	record, err := client.ParseItem(item)
	if err != nil {
		return budget.Reply{}, fmt.Errorf("reserve for client %s: %w", r.Client, err)
	}
	return budget.Reply{Applied: applied, Record: &record}, nil
}

// Settle writes a settlement, and reports whether this write applied it. It is not
// applied if the hold is gone: then the request was settled already, by an attempt whose
// reply was lost perhaps, or its hold expired and was removed. After an error it isn't
// known whether it was applied. It can be repeated.
func (s Store) Settle(ctx context.Context, settlement budget.Settlement) (applied bool, err error) {
	_, err = s.Table.UpdateItem(ctx, settlement.Update())
	var failed *dynamo.ConditionFailed
	switch {
	case errors.As(err, &failed):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("settle for client %s: %w", settlement.Client, err)
	}
	return true, nil
}
