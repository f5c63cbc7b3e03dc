package admit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
)

var (
	noon    = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("no connection to DynamoDB")
	digest  = credential.New([credential.RandomSize]byte{1}).Digest()
	acme    = clientstore.Identity{Client: "acme", ID: digest.ID()}
)

// table is a store in memory. It counts its calls.
type table struct {
	identities map[credential.Digest]clientstore.Identity
	records    map[string]client.Record
	calls      map[string]int

	// before runs before a call, and its error replaces the call; after runs after it,
	// and its error replaces the reply.
	before, after func(call string) error
}

func newTable() *table {
	return &table{
		identities: map[credential.Digest]clientstore.Identity{digest: acme},
		records:    map[string]client.Record{"acme": record()},
		calls:      map[string]int{},
	}
}

// record is that of a client with a key, who may use all models.
func record() client.Record {
	return client.Record{
		Name: "acme",
		Policy: client.Policy{
			Revision: 3, Enabled: true, Keys: []string{digest.ID()}, Inference: true, PerMinute: 60, AtOnce: 10,
			Budget: client.Budget{Limit: 1000, Unit: client.Dollars, Period: client.Month},
		},
		Used: map[string]int64{}, Minutes: map[string]int64{}, Holds: map[string]int64{},
	}
}

func (s *table) call(name string) error {
	s.calls[name]++
	if s.before != nil {
		return s.before(name)
	}
	return nil
}

func (s *table) replied(name string) error {
	if s.after != nil {
		return s.after(name)
	}
	return nil
}

func (s *table) Resolve(_ context.Context, d credential.Digest) (clientstore.Identity, bool, error) {
	if err := s.call("Resolve"); err != nil {
		return clientstore.Identity{}, false, err
	}
	identity, found := s.identities[d]
	return identity, found, s.replied("Resolve")
}

func (s *table) Client(_ context.Context, name string) (client.Record, bool, error) {
	if err := s.call("Client"); err != nil {
		return client.Record{}, false, err
	}
	found, exists := s.records[name]
	return clone(found), exists, s.replied("Client")
}

// Reserve has the conditions and the effect of the reservation's update.
func (s *table) Reserve(_ context.Context, r budget.Reservation) (budget.Reply, error) {
	if err := s.call("Reserve"); err != nil {
		return budget.Reply{}, err
	}
	found, exists := s.records[r.Client]
	if !exists {
		return budget.Reply{}, s.replied("Reserve")
	}
	found = clone(found)
	_, held := found.Holds[r.HoldID]
	reply := budget.Reply{Record: &found}
	if found.Revision == r.Revision && !held && found.Minutes[r.Minute] < int64(r.PerMinute) && found.Used[r.Counter] <= r.Room &&
		(r.Final || len(found.Holds) < r.AtOnce) {
		reply.Applied = true
		found.Used[r.Counter] += r.Amount
		found.Minutes[r.Minute]++
		if !r.Final {
			found.Holds[r.HoldID] = r.Amount
		}
		s.records[r.Client] = clone(found)
	}
	return reply, s.replied("Reserve")
}

func clone(r client.Record) client.Record {
	for _, counters := range []*map[string]int64{&r.Used, &r.Minutes, &r.Holds} {
		copied := map[string]int64{}
		for name, n := range *counters {
			copied[name] = n
		}
		*counters = copied
	}
	return r
}

// change changes the client's policy, as an operator does.
func (s *table) change(change func(*client.Policy)) {
	r := s.records["acme"]
	change(&r.Policy)
	r.Revision++
	s.records["acme"] = r
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
	s.identities[unknown] = acme
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

		before := s.records["acme"].Policy
		s.change(change)
		_, err = a.Admit(t.Context(), acme, asked)
		assert.Equal(t, reason, refusalOf(t, err).Reason)
		assert.Equal(t, 1, s.calls["Client"], "the failed write has the record")

		s.change(func(p *client.Policy) { *p = before; p.Revision = s.records["acme"].Revision })
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
	delete(s.records, "acme")
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
	assert.Equal(t, int64(1000), s.records["acme"].Used["u$m2026-01"])

	s.change(func(p *client.Policy) { p.Budget = client.Budget{}; p.PerMinute = 10 })
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
	assert.Equal(t, int64(100), s.records["acme"].Used["u$m2026-01"])
}

func TestARequestIsDecidedAgainTwice(t *testing.T) {
	for changes, want := range map[int]bool{0: true, 1: true, 2: true, 3: false} {
		s := newTable()
		a := admit.New(s)
		s.before = func(call string) error {
			if call == "Reserve" && s.calls["Reserve"] <= changes {
				s.change(func(p *client.Policy) { p.PerMinute++ })
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
	anonymous := record()
	anonymous.Name, anonymous.Keys = client.Anonymous, nil
	s.records[client.Anonymous] = anonymous
	_, err = admit.New(s).Admit(t.Context(), admit.Anonymous(), ask())
	require.NoError(t, err)
}
