package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// prunedKey is a deleted key that the APIs must reject by now, or soon.
type prunedKey struct {
	key keyring.Key
	at  time.Time
}

// prunedLimit bounds the list of deleted keys.
const prunedLimit = 16

// The checks are probes of the APIs. API Gateway caches each authorization, a rejection
// too, for its TTL and for that value. So no check presents a key before it is settled,
// when every authorizer accepts it, nor a deleted one before every cache of it has
// expired; any other presented value is of no further use.

// checkRejected checks that each API rejects a made-up key, and the deleted ones. It
// returns the number of failed checks.
func (r *run) checkRejected(ctx context.Context) (failed int, err error) {
	var checked []api
	for _, a := range r.apis {
		if a.url == "" {
			r.log.InfoContext(ctx, "no direct checks: the event has no URL of this API", "api", a.Name)
			continue
		}
		checked = append(checked, a)
	}
	if len(checked) == 0 {
		return 0, nil
	}
	var random [keyring.ValueSize]byte
	if _, err := io.ReadFull(r.random, random[:]); err != nil {
		return 0, fmt.Errorf("draw random bytes for a check: %w", err)
	}
	failed = r.countAccepting(ctx, checked, "a made-up key is rejected", keyring.NewValue(random))
	var remaining []prunedKey
	for _, p := range r.pruned {
		if r.now().Sub(p.at) < r.env.CacheTime {
			remaining = append(remaining, p)
			continue
		}
		if accepting := r.countAccepting(ctx, checked, fmt.Sprintf("deleted key %s is rejected", p.key.Name), p.key.Value); accepting > 0 {
			remaining = append(remaining, p)
			failed += accepting
		}
	}
	r.pruned = remaining
	return failed, nil
}

// countAccepting presents a value to each API, and returns how many of them did not show
// that they reject it.
func (r *run) countAccepting(ctx context.Context, apis []api, check string, value keyring.Value) (count int) {
	for _, a := range apis {
		if err := r.direct(a).CheckRejected(ctx, value); err != nil {
			r.logFailedCheck(ctx, check, a, err)
			count++
		}
	}
	return count
}

// recordPruned adds deleted keys to those that [run.checkRejected] checks.
func (r *rotator) recordPruned(keys []keyring.Key, names []keyring.Name) {
	deleted := map[keyring.Name]bool{}
	for _, name := range names {
		deleted[name] = true
	}
	for _, key := range keys {
		if deleted[key.Name] {
			r.pruned = append(r.pruned, prunedKey{key, r.now()})
		}
	}
	r.pruned = r.pruned[max(0, len(r.pruned)-prunedLimit):]
}

// checkPublish returns the names of the APIs that do not accept the key that is about to be
// published.
func (r *run) checkPublish(ctx context.Context, key keyring.Key) (failed []string) {
	for _, a := range r.apis {
		if a.url == "" {
			continue
		}
		if err := r.direct(a).CheckAccepted(ctx, key.Value); err != nil {
			r.logFailedCheck(ctx, fmt.Sprintf("the API accepts key %s before it is published", key.Name), a, err)
			failed = append(failed, a.Name)
		}
	}
	return failed
}

// checkPrune returns the names of the APIs to which the distribution, which is deployed,
// does not get through with the newer key.
func (r *run) checkPrune(ctx context.Context) (failed []string) {
	if r.event.DistributionURL == "" {
		r.log.InfoContext(ctx, "no check through CloudFront: the event has no distributionUrl")
		return nil
	}
	for _, a := range r.apis {
		if err := r.throughCloudFront(a).CheckAccepted(ctx, keyring.Value{}); err != nil {
			r.logFailedCheck(ctx, "requests get through CloudFront before older keys are deleted", a, err)
			failed = append(failed, a.Name)
		}
	}
	return failed
}

func (r *run) logFailedCheck(ctx context.Context, check string, a api, err error) {
	r.log.ErrorContext(ctx, "check failed", "check", check, "api", a.Name, "error", err)
}
