package model

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// TestWeakerProtocolsFail takes something away from the protocol, each time one
// thing, and finds the shortest story in which that matters. An exploration that
// could not find these would prove nothing.
func TestWeakerProtocolsFail(t *testing.T) {
	tests := []struct {
		name   string
		weaken func(*rules)
		want   violationKind
	}{
		{"the reference: one value, CloudFront first, then Parameter Store", func(r *rules) { r.reference = true }, refused},
		{"no settle time", func(r *rules) { r.settle = 0 }, refused},
		{"no reading again for an unknown value", func(r *rules) { r.noRefetch = true }, refused},
		{"asking the API for a key before it is settled", func(r *rules) { r.earlyCheck = true }, refusedForLong},
		{"refusing what cannot be read", func(r *rules) { r.refuseBlind = true }, refused},
		{"no grace: pruning when Deployed", func(r *rules) { r.grace = 0 }, refused},
		{"an up that sends a key which is not settled", func(r *rules) { r.upSettle = 0 }, refused},
		{"an up longer than grace", func(r *rules) { r.upTakes = 2 }, refused},
		{"an up that overlooks new keys for longer than grace allows for", func(r *rules) { r.upMargin = 2 }, refused},
		{"no drain: pruning after grace as soon as Deployed", func(r *rules) { r.drain = 0 }, refused},
		{"pruning after grace, Deployed or not", func(r *rules) { r.decide, r.plain = decideUndeployed, true }, refused},
		{"pruning every key but the one in use", func(r *rules) { r.decide = decidePruneAll }, refused},
		{"no If-Match", func(r *rules) { r.noIfMatch = true }, refused},
		{"the keyring read before the distribution", func(r *rules) { r.ringFirst = true }, refused},
		{"the clock read after the distribution", func(r *rules) { r.lateClock = true }, refused},
		{"repairing with a key that is not settled", func(r *rules) { r.decide = decideHasty }, refused},
		{"revoking as if it were rotating", func(r *rules) { r.revokes, r.strict = true, true }, refused},
		{"publishing to one of two origins", func(r *rules) { r.two, r.oneOrigin = true, true }, refused},
		{"a bound that ignores what API Gateway caches", func(r *rules) { r.ignoreCache = true }, undead},
		{"no limit to the keyring", func(r *rules) {
			r.decide = decideUnlimited
			r.names, r.watches, r.lag = 7, false, false
		}, overfull},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(ours().but(func(r *rules) { r.third = false }).but(test.weaken))
			x := explore(w)
			require.NotNil(t, x.broken, "holds: %s", x)
			assert.Equal(t, test.want, x.broken.kind)
			t.Logf("after %d states: %s\n%s", len(x.states), x.broken.kind, x.trace(w, x.brokenAt))
		})
	}
}

// decideUndeployed prunes without waiting for the edges.
func decideUndeployed(seen keyring.Observation, settings keyring.Times, request keyring.Request) keyring.Step {
	seen.DeployedSince = seen.Modified
	return keyring.Decide(seen, settings, request)
}

// decidePruneAll prunes keys that are about to be published, too.
func decidePruneAll(seen keyring.Observation, settings keyring.Times, request keyring.Request) keyring.Step {
	step := keyring.Decide(seen, settings, request)
	if step.Action == keyring.Prune {
		step.Names = nil
		for _, key := range seen.Keyring.Keys() {
			if !key.Value.Equal(seen.Header) {
				step.Names = append(step.Names, key.Name)
			}
		}
	}
	return step
}

// decideHasty repairs with the newest key at once.
func decideHasty(seen keyring.Observation, settings keyring.Times, request keyring.Request) keyring.Step {
	if newest, ok := seen.Keyring.Newest(); ok && !known(seen) {
		return keyring.Step{Action: keyring.Publish, Key: newest, Repair: true}
	}
	return keyring.Decide(seen, settings, request)
}

func known(seen keyring.Observation) bool {
	_, ok := seen.Keyring.Accepts(seen.Header.Reveal())
	return ok
}

// decideUnlimited adds a key whenever one is asked for.
func decideUnlimited(seen keyring.Observation, settings keyring.Times, request keyring.Request) keyring.Step {
	step := keyring.Decide(seen, settings, request)
	newest, ok := seen.Keyring.Newest()
	if ok && step.Action == keyring.Nothing && request.Through == newest.Name && newest.Value.Equal(seen.Header) {
		return keyring.Step{Action: keyring.Add}
	}
	return step
}
