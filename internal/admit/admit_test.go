package admit_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

var (
	noon    = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("no connection to DynamoDB")
	digest  = credential.New([credential.RandomSize]byte{1}).Digest()
	acme    = clientstore.Identity{Client: "acme", ID: digest.ID()}
)

// table is a store of a table in memory. It counts its calls.
type table struct {
	store clientstore.Store
	items *dynamotest.Table
	calls map[string]int

	// before runs before a call, and its error replaces the call; after runs after it,
	// and its error replaces the reply.
	before, after func(call string) error
}

// newTable returns a table with a client that has a key.
func newTable() *table {
	items := dynamotest.New()
	items.Put(clientstore.KeyItem(digest, acme, noon), client.NewItem("acme", policy()))
	return &table{store: clientstore.Store{Table: items}, items: items, calls: map[string]int{}}
}

// policy allows all models.
func policy() client.Policy {
	return client.Policy{
		Revision: 3, Enabled: true, Keys: []string{digest.ID()}, Inference: true, PerMinute: 60, AtOnce: 10,
		Budget: client.Budget{Limit: 1000, Unit: client.Dollars, Period: client.Month},
	}
}

// call counts a call, and runs it between the hooks.
func (s *table) call(name string, run func() error) error {
	s.calls[name]++
	if s.before != nil {
		if err := s.before(name); err != nil {
			return err
		}
	}
	err := run()
	if err == nil && s.after != nil {
		return s.after(name)
	}
	return err
}

func (s *table) Resolve(ctx context.Context, d credential.Digest) (identity clientstore.Identity, found bool, err error) {
	err = s.call("Resolve", func() (err error) {
		identity, found, err = s.store.Resolve(ctx, d)
		return err
	})
	return identity, found, err
}

func (s *table) Client(ctx context.Context, name string) (record client.Record, found bool, err error) {
	err = s.call("Client", func() (err error) {
		record, found, err = s.store.Client(ctx, name)
		return err
	})
	return record, found, err
}

func (s *table) Reserve(ctx context.Context, r budget.Reservation) (reply budget.Reply, err error) {
	err = s.call("Reserve", func() (err error) {
		reply, err = s.store.Reserve(ctx, r)
		return err
	})
	return reply, err
}

// record returns the client's record as it is.
func (s *table) record(t *testing.T) client.Record {
	t.Helper()
	record, found, err := s.store.Client(t.Context(), "acme")
	require.NoError(t, err)
	require.True(t, found)
	return record
}

// change changes the client's policy, as an operator does, and leaves its counters.
func (s *table) change(t *testing.T, change func(*client.Policy)) {
	t.Helper()
	item, err := s.items.GetItem(t.Context(), client.Key("acme"))
	require.NoError(t, err)
	changed := s.record(t).Policy
	change(&changed)
	changed.Revision++
	for _, attribute := range client.PolicyAttributes() {
		delete(item, attribute)
	}
	maps.Copy(item, changed.Attributes())
	s.items.Put(item)
}

// delete deletes the client.
func (s *table) delete(t *testing.T) {
	t.Helper()
	require.NoError(t, s.items.TransactWrite(t.Context(), []dynamo.Write{{Delete: &dynamo.Delete{Key: client.Key("acme")}}}))
}

func ask() budget.Ask {
	return budget.Ask{Now: noon, Model: "m", HoldID: client.HoldID(noon.Add(time.Minute), "a"), Most: budget.Use{Cost: 100}}
}

func TestIdentitiesAreRemembered(t *testing.T) {
	s := newTable()
	a := admit.New(s)
	for range 3 {
		identity, found, err := a.Identify(t.Context(), digest, noon)
		require.NoError(t, err)
		assert.True(t, found)
		assert.Equal(t, acme, identity)
	}
	assert.Equal(t, 1, s.calls["Resolve"])
}

func TestUnknownCredentialsAreRememberedForAWhile(t *testing.T) {
	s := newTable()
	a := admit.New(s)
	unknown := credential.New([credential.RandomSize]byte{9}).Digest()
	identify := func(at time.Time) bool {
		_, found, err := a.Identify(t.Context(), unknown, at)
		require.NoError(t, err)
		return found
	}
	assert.False(t, identify(noon))
	s.items.Put(clientstore.KeyItem(unknown, clientstore.Identity{Client: "acme", ID: unknown.ID()}, noon))
	assert.False(t, identify(noon.Add(10*time.Second-1)))
	assert.Equal(t, 1, s.calls["Resolve"])
	assert.True(t, identify(noon.Add(10*time.Second)))
	assert.True(t, identify(noon), "known from now on, even if the clock is set back")
	assert.Equal(t, 2, s.calls["Resolve"])
}

func TestAFailedReadOfAnIdentityIsNotRemembered(t *testing.T) {
	s := newTable()
	a := admit.New(s)
	s.before = func(string) error { return errDown }
	_, _, err := a.Identify(t.Context(), digest, noon)
	require.ErrorIs(t, err, errDown)
	s.before = nil
	_, found, err := a.Identify(t.Context(), digest, noon)
	require.NoError(t, err)
	assert.True(t, found)
}

func TestOneCallAdmitsAKnownClient(t *testing.T) {
	s := newTable()
	a := admit.New(s)
	for n := range 3 {
		asked := ask()
		asked.HoldID += string(rune('a' + n))
		admission, err := a.Admit(t.Context(), acme, asked)
		require.NoError(t, err)
		assert.Equal(t, asked.HoldID, admission.Reservation.HoldID)
		assert.Len(t, admission.Record.Holds, n+1)
	}
	assert.Equal(t, map[string]int{"Client": 1, "Reserve": 3}, s.calls)
}

// refusalOf requires a refusal.
func refusalOf(t *testing.T, err error) *budget.Refusal {
	t.Helper()
	var refusal *budget.Refusal
	require.ErrorAs(t, err, &refusal)
	return refusal
}

func TestAChangedPolicyCountsAtOnce(t *testing.T) {
	for reason, change := range map[budget.Reason]func(*client.Policy){
		budget.InvalidKey:      func(p *client.Policy) { p.Keys = nil },
		budget.Suspended:       func(p *client.Policy) { p.Enabled = false },
		budget.ModelNotAllowed: func(p *client.Policy) { p.Models = []string{"other"} },
		budget.RateExceeded:    func(p *client.Policy) { p.PerMinute = 0 },
		budget.BudgetSpent:     func(p *client.Policy) { p.Budget.Limit = 10 },
	} {
		s := newTable()
		a := admit.New(s)
		asked := ask()
		asked.Final = true // leaves no hold
		_, err := a.Admit(t.Context(), acme, asked)
		require.NoError(t, err)

		before := s.record(t).Policy
		s.change(t, change)
		_, err = a.Admit(t.Context(), acme, asked)
		assert.Equal(t, reason, refusalOf(t, err).Reason)
		assert.Equal(t, 1, s.calls["Client"], "the failed write has the record")

		s.change(t, func(p *client.Policy) {
			revision := p.Revision
			*p = before
			p.Revision = revision
		})
		_, err = a.Admit(t.Context(), acme, asked)
		require.NoError(t, err, "%s: a refusal by what is remembered is confirmed by a read", reason)
		assert.Equal(t, 2, s.calls["Client"])
	}
}

func TestAClientThatIsGoneIsRefused(t *testing.T) {
	s := newTable()
	a := admit.New(s)
	_, err := a.Admit(t.Context(), acme, ask())
	require.NoError(t, err)
	s.delete(t)
	for range 2 {
		_, err = a.Admit(t.Context(), acme, ask())
		assert.Equal(t, budget.InvalidKey, refusalOf(t, err).Reason)
	}
	assert.Equal(t, map[string]int{"Client": 2, "Reserve": 2}, s.calls, "once by the write, once by a read")
}

func TestExpiredKeysAreRefused(t *testing.T) {
	expired := acme
	expired.Expires = noon
	_, err := admit.New(newTable()).Admit(t.Context(), expired, ask())
	assert.Equal(t, noon, refusalOf(t, err).Expired)
}

func TestRateAndBudgetAreTheTables(t *testing.T) {
	s := newTable()
	a, other := admit.New(s), admit.New(s) // each remembers for itself
	asked := ask()
	asked.Final = true
	for n := range 10 {
		admitter := a
		if n%2 == 1 {
			admitter = other
		}
		_, err := admitter.Admit(t.Context(), acme, asked)
		require.NoError(t, err)
	}
	for _, admitter := range []*admit.Admitter{a, other} {
		_, err := admitter.Admit(t.Context(), acme, asked)
		assert.Equal(t, budget.BudgetSpent, refusalOf(t, err).Reason)
	}
	assert.Equal(t, int64(1000), s.record(t).Used["u$m2026-01"])

	s.change(t, func(p *client.Policy) { p.Budget = client.Budget{}; p.PerMinute = 10 })
	_, err := a.Admit(t.Context(), acme, asked)
	assert.Equal(t, budget.RateExceeded, refusalOf(t, err).Reason)
}

func TestNoAdmissionByMemoryAlone(t *testing.T) {
	s := newTable()
	a := admit.New(s)
	_, err := a.Admit(t.Context(), acme, ask())
	require.NoError(t, err)
	s.before = func(string) error { return errDown }
	_, err = a.Admit(t.Context(), acme, ask())
	var unconfirmed *admit.Unconfirmed
	require.ErrorAs(t, err, &unconfirmed)
	require.ErrorIs(t, err, errDown)
	assert.Equal(t, ask().HoldID, unconfirmed.Reservation.HoldID)
	require.ErrorContains(t, err, "client acme")

	_, err = admit.New(s).Admit(t.Context(), acme, ask())
	require.ErrorIs(t, err, errDown)
	assert.False(t, errors.As(err, &unconfirmed), "nothing was written")
}

func TestARepeatedHoldIsAdmittedOnce(t *testing.T) {
	s := newTable()
	a := admit.New(s)
	s.after = func(call string) error {
		if call == "Reserve" {
			return errDown
		}
		return nil
	}
	_, err := a.Admit(t.Context(), acme, ask())
	require.ErrorIs(t, err, errDown)
	s.after = nil
	_, err = a.Admit(t.Context(), acme, ask())
	require.NoError(t, err)
	assert.Equal(t, int64(100), s.record(t).Used["u$m2026-01"])
}

func TestARequestIsDecidedAgainTwice(t *testing.T) {
	for changes, want := range map[int]bool{0: true, 1: true, 2: true, 3: false} {
		s := newTable()
		a := admit.New(s)
		s.before = func(call string) error {
			if call == "Reserve" && s.calls["Reserve"] <= changes {
				s.change(t, func(p *client.Policy) { p.PerMinute++ })
			}
			return nil
		}
		_, err := a.Admit(t.Context(), acme, ask())
		if want {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "changed again and again")
		}
		assert.Equal(t, 1, s.calls["Client"])
	}
}

func TestTheAnonymousClientNeedsNoKey(t *testing.T) {
	s := newTable()
	_, err := admit.New(s).Admit(t.Context(), admit.Anonymous(), ask())
	assert.Equal(t, budget.InvalidKey, refusalOf(t, err).Reason, "it doesn't exist")
	s.items.Put(client.NewItem(client.Anonymous, client.Policy{Revision: 1, Enabled: true, PerMinute: 60, AtOnce: 10}))
	_, err = admit.New(s).Admit(t.Context(), admit.Anonymous(), ask())
	require.NoError(t, err)
}

func TestRecordsAreRemembered(t *testing.T) {
	s := newTable()
	a := admit.New(s)
	for n := range 2 {
		record, latest, err := a.Record(t.Context(), "acme")
		require.NoError(t, err)
		assert.Equal(t, n == 0, latest)
		assert.Equal(t, 60, record.PerMinute)
	}
	s.change(t, func(p *client.Policy) { p.PerMinute = 30 })
	record, err := a.Latest(t.Context(), "acme")
	require.NoError(t, err)
	assert.Equal(t, 30, record.PerMinute)
	record, _, err = a.Record(t.Context(), "acme")
	require.NoError(t, err)
	assert.Equal(t, 30, record.PerMinute)

	s.delete(t)
	_, err = a.Latest(t.Context(), "acme")
	assert.Equal(t, budget.InvalidKey, refusalOf(t, err).Reason)
	s.before = func(string) error { return errDown }
	_, _, err = a.Record(t.Context(), "acme")
	require.ErrorIs(t, err, errDown, "a client that is gone is forgotten")
}

func TestExpiredHoldsAreRemovedAndCounted(t *testing.T) {
	s := newTable()
	a := admit.New(s)
	_, err := a.Admit(t.Context(), acme, ask())
	require.NoError(t, err)
	later := ask()
	later.Now = noon.Add(2 * time.Minute)
	later.HoldID = client.HoldID(later.Now.Add(time.Minute), "b")
	admission, err := a.Admit(t.Context(), acme, later)
	require.NoError(t, err)
	assert.Equal(t, 1, admission.Expired)
	assert.Equal(t, map[string]int64{later.HoldID: 100}, s.record(t).Holds)
	assert.Equal(t, int64(200), s.record(t).Used["u$m2026-01"], "nothing is refunded")
}
