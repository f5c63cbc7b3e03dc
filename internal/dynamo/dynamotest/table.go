// Package dynamotest implements a DynamoDB table in memory, for tests.
package dynamotest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// Names of the operations, as the hooks of [Table] get them.
const (
	GetItem       = "GetItem"
	UpdateItem    = "UpdateItem"
	QueryItems    = "Query"
	ScanItems     = "Scan"
	TransactWrite = "TransactWriteItems"
	DescribeTable = "DescribeTable"
)

// Table is a table with the methods of [dynamo.Client]. It follows DynamoDB's rules for
// the part of its expressions that Gatehouse uses, and refuses everything else. It is
// stricter in one point: in expressions, attributes other than the primary key need
// placeholders, since many of their names are reserved words. It is safe for concurrent
// use; set the hooks before.
type Table struct {
	// Before, if set, is called before each operation with its name, outside of the
	// lock; an error that it returns is the operation's, which then does nothing.
	Before func(operation string) error

	// After, if set, is called after each operation that took effect, outside of the
	// lock; an error that it returns takes the place of the reply.
	After func(operation string) error

	mu    sync.Mutex
	items map[primaryKey]dynamo.Item
	calls map[string]int
}

type primaryKey struct{ partition, sort string }

// New returns an empty table.
func New() *Table {
	return &Table{items: map[primaryKey]dynamo.Item{}, calls: map[string]int{}}
}

// Put stores items, without a call of the hooks. It panics if an item is none that
// DynamoDB would store.
func (t *Table) Put(items ...dynamo.Item) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, item := range items {
		if err := checkItem(item); err != nil {
			panic(err)
		}
		t.items[keyOf(item)] = clone(item)
	}
}

// Items returns all items, sorted by their keys, without a call of the hooks.
func (t *Table) Items() []dynamo.Item {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.selected(func(primaryKey) bool { return true })
}

// Calls returns the number of calls of an operation.
func (t *Table) Calls(operation string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.calls[operation]
}

// GetItem returns the item with a key, or nil.
func (t *Table) GetItem(ctx context.Context, key dynamo.Item) (dynamo.Item, error) {
	return do(ctx, t, GetItem, func() (dynamo.Item, error) {
		if err := checkKey(key); err != nil {
			return nil, err
		}
		return clone(t.items[keyOf(key)]), nil
	})
}

// UpdateItem updates an item, or creates it.
func (t *Table) UpdateItem(ctx context.Context, u dynamo.Update) (dynamo.Item, error) {
	return do(ctx, t, UpdateItem, func() (dynamo.Item, error) {
		w, err := parseUpdate(u)
		if err != nil {
			return nil, err
		}
		old := t.items[w.key]
		if !w.condition(old) {
			return nil, &dynamo.ConditionFailed{Item: w.failed(old)}
		}
		updated, err := w.apply(old)
		if err != nil {
			return nil, err
		}
		t.items[w.key] = updated
		if !u.ReturnNew {
			return nil, nil
		}
		return clone(updated), nil
	})
}

// Query returns the selected items, sorted by their sort keys.
func (t *Table) Query(ctx context.Context, q dynamo.Query) ([]dynamo.Item, error) {
	return do(ctx, t, QueryItems, func() ([]dynamo.Item, error) {
		if q.Partition == "" {
			return nil, invalid("One or more parameter values are not valid. The value for a key condition is an empty string")
		}
		if q.From != "" && q.To != "" && q.From > q.To {
			return nil, invalid("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")
		}
		return t.selected(func(key primaryKey) bool {
			return key.partition == q.Partition && key.sort >= q.From && (q.To == "" || key.sort <= q.To)
		}), nil
	})
}

// Scan returns the items whose partition key begins with a prefix. The service returns
// them in no order; this returns them sorted.
func (t *Table) Scan(ctx context.Context, prefix string) ([]dynamo.Item, error) {
	return do(ctx, t, ScanItems, func() ([]dynamo.Item, error) {
		return t.selected(func(key primaryKey) bool { return strings.HasPrefix(key.partition, prefix) }), nil
	})
}

// Describe returns no error: the table exists.
func (t *Table) Describe(ctx context.Context) error {
	_, err := do(ctx, t, DescribeTable, func() (struct{}, error) { return struct{}{}, nil })
	return err
}

// selected returns copies of items, sorted by their keys.
func (t *Table) selected(wanted func(primaryKey) bool) []dynamo.Item {
	var keys []primaryKey
	for key := range t.items {
		if wanted(key) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b primaryKey) int {
		if order := strings.Compare(a.partition, b.partition); order != 0 {
			return order
		}
		return strings.Compare(a.sort, b.sort)
	})
	items := make([]dynamo.Item, len(keys))
	for i, key := range keys {
		items[i] = clone(t.items[key])
	}
	return items
}

// do runs an operation under the lock, between the two hooks.
func do[T any](ctx context.Context, t *Table, operation string, run func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if t.Before != nil {
		if err := t.Before(operation); err != nil {
			return none, err
		}
	}
	reply, err := locked(t, operation, run)
	if err == nil && t.After != nil {
		if err := t.After(operation); err != nil {
			return none, err
		}
	}
	return reply, err
}

func locked[T any](t *Table, operation string, run func() (T, error)) (T, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls[operation]++
	return run()
}
