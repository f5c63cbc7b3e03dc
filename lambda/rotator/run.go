package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/distribution"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

const (
	// margin is the part of a run's time that is reserved for its metrics and result.
	margin = 10 * time.Second

	// stepTime is the time that an observation and the step after it may take.
	stepTime = 15 * time.Second

	// checkBackoff is the time before a failed check is retried.
	checkBackoff = 10 * time.Second

	// listBackoff is the time before a listing that is behind is retried.
	listBackoff = time.Second

	// stepLimit bounds the steps of a run. A rotation and the end of the one before it
	// need four.
	stepLimit = 12
)

// run is one run of the rotator for an event: it observes, and carries out the step that
// follows, until there is nothing to do soon, or no time left.
type run struct {
	*rotator
	event  rotatorapi.Event
	apis   []api // of the event
	target distribution.Distribution
	began  time.Time
	state  runState
}

// runState holds what a run has observed and done so far.
type runState struct {
	request keyring.Request
	last    *snapshot

	// waitBudget is the time for which this run may still sleep. It covers one settle
	// and one drain, not a deployment of CloudFront: while the run lasts, no other event
	// is served.
	waitBudget time.Duration

	deleted      []keyring.Name
	attempts     int // to carry out a step
	repairs      int
	failedChecks int
	result       rotatorapi.Result
}

// stepResult holds what came of a step.
type stepResult struct {
	keys         []keyring.Name // added, published or deleted; none if nothing changed
	next         keyring.Step   // when the next observation follows, and why not now
	failedChecks int
}

// rotate runs the rotation as far as it gets without long waiting.
func (r *rotator) rotate(ctx context.Context, e rotatorapi.Event) (any, error) {
	run := &run{
		rotator: r,
		event:   e,
		apis:    apisOf(e),
		target:  r.target(e),
		began:   r.now(),
		state: runState{
			waitBudget: r.env.Times.Settle + r.env.Times.Drain,
			result:     rotatorapi.Result{Action: e.Action, Steps: []rotatorapi.Step{}},
		},
	}
	inTime := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		inTime, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	err := run.loopWhenAllowed(inTime)
	if metricsErr := run.writeMetrics(err); err == nil && metricsErr != nil {
		err = fmt.Errorf("write the metrics: %w", metricsErr)
	}
	return run.state.result, err
}

// loopWhenAllowed runs the loop. A tick may come seconds after the role's policies were
// written, and retries until IAM has them; an operator gets the error at once.
func (r *run) loopWhenAllowed(ctx context.Context) error {
	if r.event.Action != rotatorapi.Tick {
		return r.loop(ctx)
	}
	return r.whenAllowed(ctx, func() error { return r.loop(ctx) })
}

// loop observes and carries out steps until there is nothing to do soon, or no time left.
func (r *run) loop(ctx context.Context) error {
	failed, err := r.checkRejected(ctx)
	r.state.failedChecks += failed
	if err != nil {
		return err
	}
	for {
		s, err := r.observe(ctx, r.target)
		if err != nil {
			return err
		}
		first := r.state.last == nil
		r.state.last = &s
		if first {
			if r.state.request, err = r.resolve(s); err != nil {
				return err
			}
			r.state.result.Through = r.state.request.Through
		}
		if done, err := r.finish(ctx, s); done || err != nil {
			return err
		}
		next, err := r.step(ctx, s)
		if err != nil {
			return err
		}
		if next.RetryAfter > 0 && !r.wait(ctx, next) {
			return nil
		}
	}
}

// resolve returns the event's request, which is about the keys that were observed first.
func (r *run) resolve(s snapshot) (keyring.Request, error) {
	var request keyring.Request
	switch r.event.Action {
	case rotatorapi.Rotate:
		request = keyring.RotateNow(s.Observation)
	case rotatorapi.Revoke:
		request = keyring.RevokeNow(s.Observation)
	default:
		return keyring.Request{}, nil
	}
	if r.event.Through != "" {
		request.Through = r.event.Through
		if newest, ok := s.Keyring.Newest(); ok && newest.Name < request.Through {
			return keyring.Request{}, fmt.Errorf("%s through %s: the keyring has no such key nor a newer one, but %v", r.event.Action, request.Through, s.Keyring)
		}
	}
	if request.Through == "" { // the keyring is empty: the first key that is added fulfills the request
		request.Through = keyring.NewFirstName(time.Time{})
	}
	return request, nil
}

// finish ends a run whose request is fulfilled, and reports whether it is. The APIs'
// authorizer caches are flushed only now: earlier, an authorization by a key that is still
// in the keyring would be cached again. Until all of them were flushed, a revocation is not
// done.
func (r *run) finish(ctx context.Context, s snapshot) (bool, error) {
	request := r.state.request
	r.state.result.Done = false
	if !request.Fulfilled(s.Observation) {
		return false, nil
	}
	if request.Kind == keyring.Revoke {
		if err := errors.Join(r.flushAuthorizerCachesTwice(ctx), r.checkEveryCacheIsNamed(s)); err != nil {
			return false, err
		}
	}
	r.state.result.Done = true
	if request.Kind == keyring.NoRequest {
		return false, nil
	}
	r.state.setNext(keyring.Decide(s.Observation, r.env.Times, keyring.Request{}))
	return true, nil
}

// step decides on a step and carries it out. The step that it returns says how long to
// wait then, and why.
func (r *run) step(ctx context.Context, s snapshot) (keyring.Step, error) {
	step := keyring.Decide(s.Observation, r.env.Times, r.state.request)
	if step.Action == keyring.Prune && r.state.hasDeleted(step.Names) {
		return keyring.Step{Reason: "Parameter Store still lists what was deleted", RetryAfter: listBackoff}, nil
	}
	if step.Action == keyring.Nothing {
		return step, nil
	}
	if r.state.attempts++; r.state.attempts > stepLimit {
		return keyring.Step{}, fmt.Errorf("%d steps in one run and no end: next would be to %s, because %s", stepLimit, step.Action, step.Reason)
	}
	began := r.now()
	result, err := r.carryOut(ctx, step, s)
	r.state.failedChecks += result.failedChecks
	if err != nil {
		return keyring.Step{}, err
	}
	if len(result.keys) == 0 {
		return result.next, nil
	}
	if step.Repair {
		r.state.repairs++
	}
	if step.Action == keyring.Prune {
		r.state.deleted = append(r.state.deleted, result.keys...)
	}
	r.recordStep(ctx, began, step, step.Action.String(), result.keys)
	return result.next, nil
}

// hasDeleted reports whether this run has deleted the keys already.
func (s *runState) hasDeleted(names []keyring.Name) bool {
	return !slices.ContainsFunc(names, func(name keyring.Name) bool { return !slices.Contains(s.deleted, name) })
}

func (r *run) carryOut(ctx context.Context, step keyring.Step, s snapshot) (stepResult, error) {
	switch step.Action {
	case keyring.Add:
		return r.add(ctx, step)
	case keyring.Publish:
		return r.publish(ctx, step, s)
	default:
		return r.prune(ctx, step, s)
	}
}

func (r *run) add(ctx context.Context, step keyring.Step) (stepResult, error) {
	key, err := r.newKey(step.Moment)
	if err != nil {
		return stepResult{}, err
	}
	// A name that exists is that of this very key: the response to a first attempt was lost.
	if err := r.store.Add(ctx, key.name, key.value); err != nil && !errors.Is(err, ssmstore.ErrExists) {
		return stepResult{}, err
	}
	return stepResult{
		keys: []keyring.Name{key.name},
		next: keyring.Step{Reason: fmt.Sprintf("key %s is not settled yet", key.name), RetryAfter: step.RetryAfter},
	}, nil
}

// publish updates the distribution, if every API accepts the key. A repair is not deferred,
// because an API rejects the key that CloudFront sends already.
func (r *run) publish(ctx context.Context, step keyring.Step, s snapshot) (stepResult, error) {
	result := stepResult{next: step}
	if failed := r.checkPublish(ctx, step.Key); len(failed) > 0 {
		result.failedChecks += len(failed)
		if !step.Repair {
			result.next = deferred(step, fmt.Sprintf("key %s is not published: not accepted by the %s", step.Key.Name, strings.Join(failed, " and the ")))
			return result, nil
		}
	}
	err := r.target.Publish(ctx, s.version, step.Key.Value)
	if errors.Is(err, distribution.ErrConflict) {
		r.log.WarnContext(ctx, "distribution changed since it was read; retrying", "action", step.Action.String(), "key", step.Key.Name, "error", err)
		return result, nil
	}
	if err != nil {
		return result, err
	}
	result.keys = []keyring.Name{step.Key.Name}
	return result, nil
}

// prune deletes older keys, if requests get through CloudFront to every API with the newer
// one. A revocation is not deferred, because the keys that it deletes must not stay.
func (r *run) prune(ctx context.Context, step keyring.Step, s snapshot) (stepResult, error) {
	result := stepResult{next: step}
	if failed := r.checkPrune(ctx); len(failed) > 0 {
		result.failedChecks += len(failed)
		if r.state.request.Kind != keyring.Revoke {
			result.next = deferred(step, fmt.Sprintf("keys %v are not deleted: no request gets through CloudFront to the %s", step.Names, strings.Join(failed, " and the ")))
			return result, nil
		}
	}
	if _, err := r.store.Delete(ctx, step.Names...); err != nil {
		return result, err
	}
	r.recordPruned(s.Keyring.Keys(), step.Names)
	result.keys = step.Names
	return result, nil
}

// deferred returns the wait after a failed check that stops a step.
func deferred(step keyring.Step, reason string) keyring.Step {
	return keyring.Step{Reason: fmt.Sprintf("%s, though %s", reason, step.Reason), RetryAfter: checkBackoff}
}

// recordStep logs a step that was carried out, and adds it to the result.
func (r *run) recordStep(ctx context.Context, began time.Time, step keyring.Step, action string, keys []keyring.Name) {
	r.log.InfoContext(ctx, "step", "action", action, "reason", step.Reason, "keys", keys,
		"repair", step.Repair, "seconds", r.now().Sub(began).Seconds())
	r.state.result.Steps = append(r.state.result.Steps, rotatorapi.Step{Action: action, Keys: keys, Reason: step.Reason})
}

// wait sleeps until another observation can lead to a step. It reports false if this run
// has not the budget or the time for that.
func (r *run) wait(ctx context.Context, next keyring.Step) bool {
	r.log.InfoContext(ctx, "nothing to do now", "reason", next.Reason, "retryAfter", next.RetryAfter.String())
	r.state.setNext(next)
	if next.RetryAfter > r.state.waitBudget {
		return false
	}
	if deadline, ok := ctx.Deadline(); ok && r.now().Add(next.RetryAfter+stepTime).After(deadline) {
		return false
	}
	r.state.waitBudget -= next.RetryAfter
	return sleep(ctx, next.RetryAfter) == nil
}

// setNext sets what comes next in the result.
func (s *runState) setNext(step keyring.Step) {
	s.result.Next, s.result.RetryAfter = step.Reason, rotatorapi.FormatRetryAfter(step.RetryAfter)
}

// writeMetrics writes the metrics of the run. What is not known is left out, so that its
// alarm notices.
func (r *run) writeMetrics(err error) error {
	failures := 0
	if err != nil {
		failures = 1
	}
	values := []metrics.Value{
		metrics.Count(metrics.Steps, len(r.state.result.Steps)),
		metrics.Seconds(metrics.Duration, r.now().Sub(r.began)),
		metrics.Count(metrics.Repairs, r.state.repairs),
		metrics.Count(metrics.FailedChecks, r.state.failedChecks),
		metrics.Count(metrics.Failures, failures),
	}
	if s := r.state.last; s != nil {
		values = append(values, metrics.Count(metrics.KeyringSize, s.Keyring.Len()), metrics.Seconds(metrics.DeployingFor, s.deployingFor(r.now())))
		if key, ok := s.inUse(); ok {
			values = append(values, metrics.Seconds(metrics.KeyAge, r.now().Sub(key.Created)))
		}
	}
	return metrics.Write(r.metrics, r.now(), r.env.Stack, values...)
}
