package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/probe"
)

// prunedKey is a deleted key that the API must reject by now, or soon.
type prunedKey struct {
	key keyring.Key
	at  time.Time
}

// prunedLimit bounds the list of deleted keys.
const prunedLimit = 16

// The checks are probes of the API. API Gateway caches each authorization, a rejection
// too, for its TTL and for that value. So no check presents a key before it is settled,
// when every authorizer accepts it, nor a deleted one before every cache of it has
// expired; any other presented value is of no further use.

// api returns the API's own URL as the target, which bypasses CloudFront.
func (r *run) api() probe.Target {
	return probe.Target{HTTP: r.http, URL: r.event.APIURL, Header: r.env.Header, Prefix: r.env.APIPrefix}
}

// checkRejected checks that the API rejects a made-up key, and the deleted ones. It
// returns the number of failed checks.
func (r *run) checkRejected(ctx context.Context) (failed int, err error) {
	if r.event.APIURL == "" {
		r.log.InfoContext(ctx, "no direct checks: the event has no apiUrl")
		return 0, nil
	}
	var random [keyring.ValueSize]byte
	if _, err := io.ReadFull(r.random, random[:]); err != nil {
		return 0, fmt.Errorf("draw random bytes for a check: %w", err)
	}
	if err := r.api().CheckRejected(ctx, keyring.NewValue(random)); err != nil {
		r.logFailedCheck(ctx, "a made-up key is rejected", err)
		failed++
	}
	var remaining []prunedKey
	for _, p := range r.pruned {
		if r.now().Sub(p.at) < r.env.CacheTime {
			remaining = append(remaining, p)
			continue
		}
		if err := r.api().CheckRejected(ctx, p.key.Value); err != nil {
			r.logFailedCheck(ctx, fmt.Sprintf("deleted key %s is rejected", p.key.Name), err)
			remaining = append(remaining, p)
			failed++
		}
	}
	r.pruned = remaining
	return failed, nil
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

// checkPublish returns an error unless the API accepts the key that is about to be
// published.
func (r *run) checkPublish(ctx context.Context, key keyring.Key) error {
	if r.event.APIURL == "" {
		return nil
	}
	err := r.api().CheckAccepted(ctx, key.Value)
	if err != nil {
		r.logFailedCheck(ctx, fmt.Sprintf("the API accepts key %s before it is published", key.Name), err)
	}
	return err
}

// checkPrune returns an error unless the distribution, which is deployed, gets through to
// the API with the newer key.
func (r *run) checkPrune(ctx context.Context) error {
	if r.event.DistributionURL == "" {
		r.log.InfoContext(ctx, "no check through CloudFront: the event has no distributionUrl")
		return nil
	}
	target := probe.Target{HTTP: r.http, URL: r.event.DistributionURL, Header: r.env.Header, Prefix: r.env.APIPrefix}
	err := target.CheckAccepted(ctx, keyring.Value{})
	if err != nil {
		r.logFailedCheck(ctx, "requests get through CloudFront before older keys are deleted", err)
	}
	return err
}

func (r *run) logFailedCheck(ctx context.Context, check string, err error) {
	r.log.ErrorContext(ctx, "check failed", "check", check, "error", err)
}
