package keyring_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// now is the time of every observation in these tests.
var now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

var times = Times{
	Interval: 6 * time.Hour,
	Settle:   30 * time.Second,
	Grace:    30 * time.Minute,
	Drain:    time.Minute,
}

// keyOf returns a key made so long before now; the seconds tell keys apart.
func keyOf(age time.Duration) Key {
	created := now.Add(-age)
	return Key{Name: NewName(created, [NonceSize]byte{1}), Value: valueFrom(byte(age/time.Second), byte(age/time.Hour)), Created: created}
}

func valueFrom(bytes ...byte) Value {
	var random [ValueSize]byte
	copy(random[:], bytes)
	return NewValue(random)
}

func keyringOf(t testing.TB, keys ...Key) Keyring {
	t.Helper()
	keyring, err := New(keys...)
	require.NoError(t, err)
	return keyring
}

// observe returns an observation of a distribution that has sent the key everywhere for a day.
func observe(t testing.TB, header Value, keys ...Key) Observation {
	return Observation{
		Now:           now,
		Header:        header,
		Modified:      now.Add(-24 * time.Hour),
		DeployedSince: now.Add(-time.Hour),
		Keyring:       keyringOf(t, keys...),
	}
}

func TestDecide(t *testing.T) {
	var (
		fresh   = keyOf(10 * time.Second)
		settled = keyOf(40 * time.Second)
		young   = keyOf(time.Hour)
		older   = keyOf(2 * time.Hour)
		oldest  = keyOf(3 * time.Hour)
		due     = keyOf(6 * time.Hour)
		overdue = keyOf(7 * time.Hour)
		first   = Key{Name: NewFirstName(now.Add(-time.Hour)), Value: valueFrom(9), Created: now.Add(-time.Hour)}
		foreign = HeaderValue("foreign value")
	)
	deploying := func(o Observation) Observation { o.DeployedSince = time.Time{}; return o }
	modified := func(ago time.Duration, o Observation) Observation { o.Modified = now.Add(-ago); return o }
	seenFor := func(since time.Duration, o Observation) Observation { o.DeployedSince = now.Add(-since); return o }
	rotate := func(key Key) Request { return Request{Kind: Rotate, Through: key.Name} }
	revoke := func(key Key) Request { return Request{Kind: Revoke, Through: key.Name} }

	add := Step{Action: Add, Moment: now, RetryAfter: times.Settle}
	publish := func(key Key) Step { return Step{Action: Publish, Key: key} }
	repair := func(key Key) Step { return Step{Action: Publish, Key: key, Repair: true} }
	prune := func(keys ...Key) Step { return Step{Action: Prune, Names: keyringOf(t, keys...).Names()} }
	wait := func(again time.Duration) Step { return Step{RetryAfter: again} }

	tests := []struct {
		name     string
		observed Observation
		request  Request
		want     Step
		reason   string // must be part of the step's reason
	}{
		{"empty keyring", observe(t, Value{}), Request{}, add, "empty"},
		{"empty keyring, some header", observe(t, foreign), Request{}, add, "empty"},
		{"empty keyring, rotate", observe(t, foreign), Request{Kind: Rotate}, add, "empty"},
		{"empty keyring, revoke", observe(t, foreign), Request{Kind: Revoke, Through: young.Name}, add, "empty"},

		{"steady", observe(t, young.Value, young), Request{}, wait(5 * time.Hour), "due in 5h"},
		{"steady, deploying", deploying(observe(t, young.Value, young)), Request{}, wait(5 * time.Hour), "due in 5h"},
		{"due", observe(t, due.Value, due), Request{}, add, "older than 6h"},
		{"due while deploying", deploying(observe(t, due.Value, due)), Request{}, add, "older than 6h"},
		{"first key", observe(t, first.Value, first), Request{}, add, "first"},
		{"first key, deploying", deploying(observe(t, first.Value, first)), Request{}, add, "first"},

		{"successor not settled", observe(t, due.Value, due, fresh), Request{}, wait(20 * time.Second), "not settled"},
		{"successor settled", observe(t, due.Value, due, settled), Request{}, publish(settled), "settled"},
		{"several successors", observe(t, due.Value, due, older, settled), Request{}, publish(settled), "settled"},
		{"newest successor not settled", observe(t, overdue.Value, overdue, due, fresh), Request{}, publish(due), "settled"},
		{"successor of the first key", observe(t, first.Value, first, settled), Request{}, publish(settled), "follows"},

		{"old key in grace", modified(10*time.Minute, observe(t, young.Value, older, young)), Request{}, wait(20 * time.Minute), "1 older in the keyring for 20m"},
		{"old key, deploying in grace", deploying(modified(10*time.Minute, observe(t, young.Value, older, young))), Request{}, wait(20 * time.Minute), "deploys"},
		{"old key, deploying after grace", deploying(observe(t, young.Value, older, young)), Request{}, wait(10 * time.Second), "deploys"},
		{"old key, Deployed only just", seenFor(0, observe(t, young.Value, older, young)), Request{}, wait(time.Minute), "for 1m"},
		{"old key done with", observe(t, young.Value, older, young), Request{}, prune(older), "long enough"},
		{"old keys done with", observe(t, young.Value, oldest, older, young), Request{}, prune(oldest, older), "long enough"},
		{"prune comes before publish", observe(t, older.Value, oldest, older, settled), Request{}, prune(oldest), "long enough"},
		{"in grace, publish", modified(time.Minute, observe(t, older.Value, oldest, older, settled)), Request{}, publish(settled), "settled"},
		{"in grace, due", modified(time.Minute, observe(t, due.Value, overdue, due)), Request{}, add, "older than"},
		{"full keyring", modified(10*time.Minute, observe(t, due.Value, due, keyOf(8*time.Hour), keyOf(9*time.Hour), keyOf(10*time.Hour))), Request{}, wait(20 * time.Minute), "full"},
		{"full keyring, deploying", deploying(observe(t, due.Value, due, keyOf(8*time.Hour), keyOf(9*time.Hour), keyOf(10*time.Hour))), Request{}, wait(10 * time.Second), "full"},

		{"foreign header", observe(t, foreign, older, young), Request{}, repair(young), "repair"},
		{"no header", observe(t, Value{}, older, young), Request{}, repair(young), "repair"},
		{"foreign header, newest not settled", observe(t, foreign, older, fresh), Request{}, repair(older), "repair"},
		{"foreign header, none settled", observe(t, foreign, fresh, keyOf(5*time.Second)), Request{}, wait(20 * time.Second), fmt.Sprintf("%s is not settled", fresh.Name)},
		{"foreign header, deploying", deploying(observe(t, foreign, young)), Request{}, repair(young), "repair"},
		{"foreign header, rotate", observe(t, foreign, young), rotate(young), repair(young), "repair"},

		{"rotate", observe(t, young.Value, young), rotate(young), add, "requested"},
		{"rotate, on its way", observe(t, young.Value, young, fresh), rotate(young), wait(20 * time.Second), "not settled"},
		{"rotate, fulfilled", modified(time.Minute, observe(t, young.Value, older, young)), rotate(older), wait(29 * time.Minute), "due in"},
		{"rotate, twice in grace", modified(time.Minute, observe(t, young.Value, older, young)), rotate(young), add, "requested"},
		{"rotate, unknown key", observe(t, young.Value, young), rotate(fresh), wait(6 * time.Hour), "rejected"},

		{"revoke adds", observe(t, young.Value, older, young), revoke(young), add, "no successor"},
		{"revoke adds to a full keyring", observe(t, due.Value, due, keyOf(8*time.Hour), keyOf(9*time.Hour), keyOf(10*time.Hour)), revoke(due), add, "no successor"},
		{"revoke waits", observe(t, young.Value, older, young, fresh), revoke(young), wait(20 * time.Second), "not settled"},
		{"revoke publishes", observe(t, young.Value, older, young, settled), revoke(young), publish(settled), "settled"},
		{"revoke never publishes what it revokes", observe(t, older.Value, older, young, fresh), revoke(young), wait(20 * time.Second), "not settled"},
		{"revoke waits for the edge locations", deploying(observe(t, settled.Value, young, settled)), revoke(young), wait(10 * time.Second), "deploying"},
		{"revoke prunes without grace", seenFor(0, modified(time.Second, observe(t, settled.Value, older, young, settled))), revoke(young), prune(older, young), "revoked"},
		{"revoke spares newer keys", seenFor(0, modified(time.Second, observe(t, settled.Value, older, young, settled))), revoke(older), prune(older), "revoked"},
		{"revoke, fulfilled", modified(time.Second, observe(t, settled.Value, settled)), revoke(young), wait(6*time.Hour - 40*time.Second), "due in"},
		{"revoke, foreign header", observe(t, foreign, young, settled), revoke(young), repair(settled), "repair"},
		{"revoke, foreign header, not settled", observe(t, foreign, young, fresh), revoke(young), wait(20 * time.Second), "not settled"},
		{"revoke, unknown key", observe(t, young.Value, young), revoke(fresh), wait(6 * time.Hour), "rejected"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Decide(test.observed, times, test.request)
			assert.Contains(t, got.Reason, test.reason)
			got.Reason = ""
			assert.Equal(t, test.want, got)
		})
	}
}

// A clock that is wrong must never make a step come early.
func TestDecideDistrustsClocks(t *testing.T) {
	old := keyOf(2 * time.Hour)
	inUse := keyOf(time.Hour)
	next := keyOf(30 * time.Minute)
	for name, moment := range map[string]time.Time{"future": now.Add(time.Hour), "unknown": {}} {
		t.Run("created/"+name, func(t *testing.T) {
			next := next
			next.Created = moment
			got := Decide(observe(t, inUse.Value, inUse, next), times, Request{})
			assert.Equal(t, Nothing, got.Action, got.Reason)
			assert.Equal(t, times.Settle, got.RetryAfter)
		})
		t.Run("in use/"+name, func(t *testing.T) {
			inUse := inUse
			inUse.Created = moment
			assert.Equal(t, Nothing, Decide(observe(t, inUse.Value, inUse), times, Request{}).Action)
		})
		t.Run("modified/"+name, func(t *testing.T) {
			observed := observe(t, inUse.Value, old, inUse)
			observed.Modified = moment
			got := Decide(observed, times, Request{})
			assert.Equal(t, Nothing, got.Action, got.Reason)
			assert.Equal(t, times.Grace, got.RetryAfter)
		})
	}
	t.Run("deployed since the future", func(t *testing.T) {
		observed := observe(t, inUse.Value, old, inUse)
		observed.DeployedSince = now.Add(time.Hour)
		got := Decide(observed, times, Request{})
		assert.Equal(t, Nothing, got.Action, got.Reason)
		assert.Equal(t, times.Drain, got.RetryAfter)
	})
}

// A key that is added is the newest, even after one that a fast clock named.
func TestDecideAddsTheNewest(t *testing.T) {
	ahead := Key{Name: NewName(now.Add(time.Hour), [NonceSize]byte{1}), Value: valueFrom(1), Created: now.Add(-7 * time.Hour)}
	got := Decide(observe(t, ahead.Value, ahead), times, Request{})
	require.Equal(t, Add, got.Action)
	assert.Greater(t, NewName(got.Moment, [NonceSize]byte{}), ahead.Name)
	assert.LessOrEqual(t, got.Moment.Sub(now), time.Hour+time.Millisecond)
}

// A step that waits says how long, and so does one that adds a key, which must settle.
// After any other, the next observation follows at once: a rotator that obeys neither
// spins nor oversleeps.
func TestDecideSaysWhenToRetry(t *testing.T) {
	keys := []Key{keyOf(10 * time.Second), keyOf(40 * time.Second), keyOf(time.Hour), keyOf(7 * time.Hour)}
	headers := []Value{{}, HeaderValue("foreign")}
	for _, key := range keys {
		headers = append(headers, key.Value)
	}
	for subset := range 1 << len(keys) {
		var chosen []Key
		for i, key := range keys {
			if subset>>i&1 == 1 {
				chosen = append(chosen, key)
			}
		}
		for _, header := range headers {
			for _, since := range []time.Time{{}, now.Add(time.Second), now.Add(-time.Hour)} {
				observed := observe(t, header, chosen...)
				observed.DeployedSince = since
				for _, request := range []Request{{}, RotateNow(observed), RevokeNow(observed)} {
					step := Decide(observed, times, request)
					assert.Equal(t, step.Action == Nothing || step.Action == Add, step.RetryAfter > 0, step.Reason)
					assert.NotEmpty(t, step.Reason)
				}
			}
		}
	}
}

func TestDecideKeepsSecrets(t *testing.T) {
	inUse, next := keyOf(time.Hour), keyOf(time.Minute)
	step := Decide(observe(t, inUse.Value, inUse, next), times, Request{})
	require.Equal(t, Publish, step.Action)
	assert.NotContains(t, fmt.Sprintf("%+v", step), next.Value.Reveal())
}
