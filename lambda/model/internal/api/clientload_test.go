package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// load is a round of requests at the same time, by copies of the function of which each has
// a memory of its own, with a random client, prices and faults.
type load struct {
	t      *testing.T
	table  *dynamotest.Table
	price  price.Price
	budget client.Budget
	loses  bool // replies of the model

	// What the requests used, and what they are to be charged, in the budget's unit.
	cost     atomic.Int64
	charged  atomic.Int64
	admitted atomic.Int64
	highest  atomic.Int64 // of what was used and held when a model was called
}

// answering is the backend of a load: each reply uses a random number of tokens within the
// bounds.
type answering struct {
	*fakeProvider
	*load
}

func (p answering) Adapt(c chat.Conversation) chat.Adaptation {
	return chat.Adaptation{Conversation: c}
}

func (p answering) Complete(_ context.Context, c chat.Conversation) (chat.Completion, error) {
	p.admitted.Add(1)
	raise(&p.highest, p.used())
	time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
	if rand.IntN(8) == 0 {
		return chat.Completion{}, chat.NotComputed(chat.ErrBusy)
	}
	read := rand.IntN(admission.Bound(c)) + 1
	used := chat.Usage{
		InputTokens: read, OutputTokens: rand.IntN(c.MaxTokens) + 1,
		CachedTokens: rand.IntN(read + 1),
	}
	used.TotalTokens = used.InputTokens + used.OutputTokens
	used.CacheWriteTokens = rand.IntN(read - used.CachedTokens + 1)
	p.cost.Add(p.costOf(used))
	if p.loses && rand.IntN(4) == 0 { // it was computed
		p.charged.Add(p.held(c))
		return chat.Completion{}, []error{chat.ErrTimeout, chat.ErrBusy, chat.ErrUnavailable, errors.New("the connection broke")}[rand.IntN(4)]
	}
	p.charged.Add(p.costOf(used))
	done := chat.Completion{Choices: []chat.Choice{{Text: "Good day.", StopReason: chat.EndTurn}}, Usage: used}
	if rand.IntN(8) == 0 {
		return done, chat.ErrMalformed
	}
	return done, nil
}

func (l *load) costOf(u chat.Usage) int64 {
	used := price.Usage{Input: u.InputTokens, Output: u.OutputTokens, CacheRead: u.CachedTokens, CacheWrite: u.CacheWriteTokens}
	if l.budget.Unit == client.Tokens {
		return used.Total()
	}
	return int64(l.price.Cost(used))
}

// held returns what is held for a conversation.
func (l *load) held(c chat.Conversation) int64 {
	if l.budget.Unit == client.Tokens {
		return int64(admission.Bound(c) + c.MaxTokens)
	}
	return int64(l.price.Most(admission.Bound(c), c.MaxTokens))
}

// record returns acme's record, though calls of the table fail.
func (l *load) record() client.Record {
	for _, item := range l.table.Items() {
		if item[dynamo.PartitionKey].Text() == "C#acme" {
			record, err := client.ParseItem(item)
			assert.NoError(l.t, err)
			return record
		}
	}
	return client.Record{}
}

func (l *load) used() int64 { return l.record().Used[l.budget.Counter(noon)] }

func raise(highest *atomic.Int64, n int64) {
	for {
		seen := highest.Load()
		if n <= seen || highest.CompareAndSwap(seen, n) {
			return
		}
	}
}

// faultyTable repeats calls as the client of DynamoDB does, with the same faults.
type faultyTable struct{ *dynamotest.Table }

func (f faultyTable) UpdateItem(ctx context.Context, u dynamo.Update) (dynamo.Item, error) {
	for attempt := 1; ; attempt++ {
		item, err := f.Table.UpdateItem(ctx, u)
		if err == nil || !errors.Is(err, errFault) || u.Once || attempt == 3 {
			return item, err
		}
	}
}

var errFault = errors.New("the connection broke")

// copyOf returns another copy of the function.
func (l *load) copyOf() *Handler {
	store := clientstore.Store{Table: faultyTable{l.table}}
	a, err := admission.New(admission.Config{
		Store: store, Settler: store, Prices: price.Table{testModel: l.price}, UsageDays: 400, Now: func() time.Time { return noon },
	}, []string{testModel})
	require.NoError(l.t, err)
	return New(Config{
		Prefix: "/api", Limits: Limits{Models: []string{testModel}, MaxTokens: testMaxTokens, MaxBody: testMaxBody}, Stack: "gatehouse-test",
		Log: slog.New(slog.DiscardHandler), Metrics: io.Discard, Admission: a,
	}, answering{&fakeProvider{}, l})
}

// run sends requests until each goroutine has sent its own.
func (l *load) run(goroutines, requests int) (statuses map[int]int) {
	statuses = map[int]int{}
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
	)
	copies := []*Handler{l.copyOf(), l.copyOf(), l.copyOf()}
	for i := range goroutines {
		wait.Go(func() {
			for range requests {
				body := fmt.Sprintf(`{"messages":[{"role":"user","content":%q}],"max_tokens":%d}`, strings.Repeat("a", 1+rand.IntN(200)), 1+rand.IntN(testMaxTokens))
				payload, err := json.Marshal(keyed(keyOf(1), post(body)))
				assert.NoError(l.t, err)
				text, err := copies[i%len(copies)].Invoke(l.t.Context(), payload)
				assert.NoError(l.t, err)
				var r response
				assert.NoError(l.t, json.Unmarshal(text, &r))
				mu.Lock()
				statuses[r.StatusCode]++
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return statuses
}

func newLoad(t *testing.T, loses, faults bool) *load {
	t.Helper()
	amount := func() price.Amount { return price.Amount(rand.Int64N(int64(20 * price.Dollar))) }
	l := &load{
		t: t, table: dynamotest.New(), loses: loses,
		price:  price.Price{Input: amount(), Output: amount(), CacheRead: amount(), CacheWrite: amount()},
		budget: client.Budget{Unit: client.Dollars, Period: client.Month},
	}
	// Room for about half of the requests.
	most := int64(l.price.Most(200, 50))
	if rand.IntN(2) == 0 {
		l.budget.Unit, most = client.Tokens, 250
	}
	l.budget.Limit = most * (10 + rand.Int64N(90))
	policy := acme()
	policy.Budget, policy.AtOnce, policy.PerMinute = l.budget, 1+rand.IntN(client.MaxAtOnce), 20+rand.IntN(200)
	l.table.Put(
		clientstore.KeyItem(keyOf(1).Digest(), clientstore.Identity{Client: "acme", ID: keyOf(1).Digest().ID()}, noon),
		client.NewItem("acme", policy),
	)
	if faults {
		fault := func(operation string) error {
			if operation == dynamotest.UpdateItem && rand.IntN(4) == 0 {
				return errFault
			}
			return nil
		}
		l.table.Before, l.table.After = fault, fault
	}
	return l
}

// rows returns the sum of the rows of usage, in the budget's unit.
func (l *load) rows() int64 {
	l.table.Before, l.table.After = nil, nil
	rows, err := clientstore.Store{Table: l.table}.Usage(l.t.Context(), "acme", noon, noon)
	require.NoError(l.t, err)
	var sum int64
	for _, row := range rows {
		if l.budget.Unit == client.Tokens {
			sum += row.Input + row.Output
		} else {
			sum += int64(row.Cost)
		}
	}
	return sum
}

const (
	loadRounds     = 12
	loadGoroutines = 50
	loadRequests   = 5
)

// TestBudgetsHoldUnderLoad checks that fifty requests at a time use no more than the budget,
// whether calls of the model or of the table fail, and that exactly what each ends with is
// charged if none of the table does.
func TestBudgetsHoldUnderLoad(t *testing.T) {
	for round := range loadRounds {
		loses, faults := round%3 > 0, round%3 > 1
		l := newLoad(t, loses, faults)
		statuses := l.run(loadGoroutines, loadRequests)
		rows, record := l.rows(), l.record()
		title := fmt.Sprintf("round %d: %s, %d at once, %d a minute, %v", round, l.budget, record.AtOnce, record.PerMinute, statuses)
		used, minute := l.used(), record.Minutes[client.Minute(noon)]
		assert.LessOrEqual(t, l.cost.Load(), used, "%s: more was used than charged", title)
		assert.LessOrEqual(t, l.charged.Load(), used, "%s: too little was charged", title)
		assert.LessOrEqual(t, used, l.budget.Limit, "%s: more was charged than there is", title)
		assert.LessOrEqual(t, l.highest.Load(), l.budget.Limit, "%s: more was held than there is", title)
		assert.LessOrEqual(t, rows, used, "%s: rows of usage", title)
		assert.LessOrEqual(t, l.admitted.Load(), minute, title)
		assert.LessOrEqual(t, minute, int64(record.PerMinute), title)
		assert.LessOrEqual(t, len(record.Holds), record.AtOnce, title)
		assert.Positive(t, l.admitted.Load(), title)
		if !faults {
			assert.Equal(t, l.charged.Load(), used, "%s: exactly that is charged", title)
			assert.Empty(t, record.Holds, title)
			assert.Equal(t, l.admitted.Load(), minute, title)
		}
		if !loses {
			assert.Equal(t, l.cost.Load(), used, "%s: exactly what was used is charged", title)
			assert.Equal(t, used, rows, "%s: rows of usage", title)
			assert.Zero(t, statuses[http.StatusServiceUnavailable], title)
		}
	}
}
