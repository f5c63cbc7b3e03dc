package budgets

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// The protocols that others use, on the same table: each admits requests of one client at
// once, and charges what they cost in the end.

const (
	usualLimit    = 1000 // in any unit
	usualRequests = 60
	usualAtOnce   = 12
	usualHold     = 100 // the most that a request costs
)

// usual is a protocol. It returns whether a request was admitted, and settles it with done.
type usual struct {
	name  string
	admit func(ctx context.Context, to counter) (admitted bool, done func(context.Context, int64) error, err error)
}

// counter is an item with what a client has used.
type counter struct {
	table *dynamo.Client
	key   dynamo.Item
}

func (c counter) add(ctx context.Context, n int64) error {
	_, err := c.table.UpdateItem(ctx, dynamo.Update{
		Key: c.key, Update: "ADD #u :n", Names: map[string]string{"#u": "u"}, Values: dynamo.Item{":n": dynamo.Number(n)},
	})
	return err
}

func (c counter) used(ctx context.Context) (int64, error) {
	item, err := c.table.GetItem(ctx, c.key)
	if err != nil {
		return 0, err
	}
	n, _ := item["u"].Int()
	return n, nil
}

// checkThenIncrement reads the counter, and adds the cost when it is known.
func checkThenIncrement(ctx context.Context, to counter) (bool, func(context.Context, int64) error, error) {
	used, err := to.used(ctx)
	if err != nil || used >= usualLimit {
		return false, nil, err
	}
	return true, to.add, nil
}

// clamp reserves what is left if that is less than the request may cost, and lets it run.
func clamp(ctx context.Context, to counter) (bool, func(context.Context, int64) error, error) {
	for {
		used, err := to.used(ctx)
		if err != nil || used >= usualLimit {
			return false, nil, err
		}
		hold := min(usualHold, usualLimit-used)
		_, err = to.table.UpdateItem(ctx, dynamo.Update{
			Key: to.key, Update: "SET #u = if_not_exists(#u, :zero) + :hold",
			Condition: "attribute_not_exists(#u) OR #u = :seen", Names: map[string]string{"#u": "u"},
			Values: dynamo.Item{":hold": dynamo.Number(hold), ":zero": dynamo.Number(0), ":seen": dynamo.Number(used)},
		})
		var failed *dynamo.ConditionFailed
		if errors.As(err, &failed) {
			continue
		}
		return err == nil, func(ctx context.Context, cost int64) error { return to.add(ctx, cost-hold) }, err
	}
}

// exceed runs a protocol with many requests at once, and returns by how much their costs
// exceed the limit.
func (u usual) exceed(t *testing.T, table *dynamo.Client) int64 {
	t.Helper()
	name := fmt.Sprintf("usual-%d", time.Now().UnixNano())
	to := counter{table: table, key: dynamo.Item{client.PartitionKey: dynamo.String(name), client.SortKey: dynamo.String(name)}}
	t.Cleanup(func() {
		if err := table.TransactWrite(context.WithoutCancel(t.Context()), []dynamo.Write{{Delete: &dynamo.Delete{Key: to.key}}}); err != nil {
			t.Error(err)
		}
	})
	var spent, admitted atomic.Int64
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(usualAtOnce)
	costs := sync.Mutex{}
	source := rand.New(rand.NewPCG(1, 2))
	cost := func() int64 {
		costs.Lock()
		defer costs.Unlock()
		return usualHold/2 + source.Int64N(usualHold/2)
	}
	for range usualRequests {
		group.Go(func() error {
			ok, done, err := u.admit(ctx, to)
			if err != nil || !ok {
				return err
			}
			admitted.Add(1)
			time.Sleep(20 * time.Millisecond) // the model
			c := cost()
			spent.Add(c)
			return done(ctx, c)
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d of %d requests admitted, %d spent of %d", u.name, admitted.Load(), usualRequests, spent.Load(), usualLimit)
	return spent.Load() - usualLimit
}

// usualProtocols exceed the limit.
var usualProtocols = []usual{
	{"check, then increment", checkThenIncrement},
	{"reserve, clamped to what is left", clamp},
}
