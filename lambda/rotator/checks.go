package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/probe"
)

// pruned is a deleted key whose end is still to be seen.
type pruned struct {
	key keyring.Key
	at  time.Time
}

// prunedLimit bounds what is remembered of deleted keys.
const prunedLimit = 16

// The checks are requests through the front door. What API Gateway answers, a
// refusal too, it remembers for its TTL and for that value. So no check presents a
// key before it is settled, when every authorizer accepts it, nor a deleted one
// before all memory of it has run out; what else is presented is used up by that.

// direct is the way to the API that goes past CloudFront.
func (r *run) direct() probe.Door {
	return probe.Door{HTTP: r.http, URL: r.event.APIURL, Header: r.env.Header, Prefix: r.env.APIPrefix}
}

// checkShut looks whether the API refuses a value that nobody made a key of, and
// the deleted keys.
func (r *run) checkShut(ctx context.Context) error {
	if r.event.APIURL == "" {
		r.log.InfoContext(ctx, "no direct checks: the event has no apiUrl")
		return nil
	}
	var guess [keyring.ValueSize]byte
	if _, err := io.ReadFull(r.random, guess[:]); err != nil {
		return fmt.Errorf("draw random bytes for a check: %w", err)
	}
	if err := r.direct().StaysShut(ctx, keyring.NewValue(guess)); err != nil {
		r.failCheck(ctx, "a made-up key is refused", err)
	}
	var left []pruned
	for _, p := range r.pruned {
		if r.now().Sub(p.at) < r.env.CacheTime {
			left = append(left, p)
			continue
		}
		if err := r.direct().StaysShut(ctx, p.key.Value); err != nil {
			r.failCheck(ctx, fmt.Sprintf("deleted key %s is refused", p.key.Name), err)
			left = append(left, p)
		}
	}
	r.rotator.pruned = left
	return nil
}

// remember notes deleted keys for [run.checkShut].
func (r *run) remember(keys []keyring.Key, names []keyring.Name) {
	gone := map[keyring.Name]bool{}
	for _, name := range names {
		gone[name] = true
	}
	for _, key := range keys {
		if gone[key.Name] {
			r.rotator.pruned = append(r.rotator.pruned, pruned{key, r.now()})
		}
	}
	r.rotator.pruned = r.rotator.pruned[max(0, len(r.rotator.pruned)-prunedLimit):]
}

// checkPublish reports whether the key may be published: the API accepts it. A
// repair is not held up, because what CloudFront sends is refused already.
func (r *run) checkPublish(ctx context.Context, step keyring.Step) bool {
	if r.event.APIURL == "" {
		return true
	}
	err := r.direct().Opens(ctx, step.Key.Value)
	if err != nil {
		r.failCheck(ctx, fmt.Sprintf("the API accepts key %s before it is published", step.Key.Name), err)
	}
	return err == nil || step.Repair
}

// checkPrune reports whether older keys may be deleted: the distribution, which is
// deployed, gets through with the newer one. A revocation is not held up, because
// the keys that it deletes must not stay.
func (r *run) checkPrune(ctx context.Context) bool {
	if r.event.DistributionURL == "" {
		r.log.InfoContext(ctx, "no check through CloudFront: the event has no distributionUrl")
		return true
	}
	err := probe.Door{HTTP: r.http, URL: r.event.DistributionURL, Header: r.env.Header, Prefix: r.env.APIPrefix}.Opens(ctx, keyring.Value{})
	if err != nil {
		r.failCheck(ctx, "requests get through CloudFront before older keys are deleted", err)
	}
	return err == nil || r.request.Kind == keyring.Revoke
}

func (r *run) failCheck(ctx context.Context, check string, err error) {
	r.failedChecks++
	r.log.ErrorContext(ctx, "check failed", "check", check, "error", err)
}
