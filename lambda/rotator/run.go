package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"

	"github.com/gatehouse-iac/gatehouse/internal/distribution"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

const (
	// margin is what is kept of a run's time for its last words.
	margin = 10 * time.Second

	// lookTime is what a look and the step after it may take.
	lookTime = 15 * time.Second

	// checkPause is how long to wait before a failed check is repeated.
	checkPause = 10 * time.Second

	// listPause is how long to wait for a listing that is behind.
	listPause = time.Second

	// stepLimit bounds the steps of a run. A rotation and the end of the one before it
	// need four.
	stepLimit = 12
)

// run is one run of the rotator: looks, and the step that follows from each.
type run struct {
	*rotator
	event   event
	of      distribution.Distribution
	request keyring.Request
	began   time.Time

	// patience is for how long the run will still wait. It has enough for a key to
	// settle and for others to drain, and none for a deployment of CloudFront: while
	// it runs, no other event is served.
	patience time.Duration

	last *sight         // the last look
	gone []keyring.Name // what this run deleted

	answer                       answer
	tried, repairs, failedChecks int
}

// answer is what the sender of an event is told. It has no secret in it.
type answer struct {
	Action  string       `json:"action"`
	Through keyring.Name `json:"through,omitempty"` // send it again to go on with the same request
	Steps   []taken      `json:"steps"`
	Done    bool         `json:"done"`
	Left    string       `json:"left"`              // what comes next, and why not now
	AgainIn string       `json:"againIn,omitempty"` // when that can be
}

// taken is a step that changed something.
type taken struct {
	Action string         `json:"action"`
	Keys   []keyring.Name `json:"keys,omitempty"`
	Reason string         `json:"reason"`
}

// rotate runs the rotation as far as it gets without long waiting.
func (r *rotator) rotate(ctx context.Context, e event) (any, error) {
	run := &run{
		rotator:  r,
		event:    e,
		of:       r.target(e),
		began:    r.now(),
		patience: r.env.Times.Settle + r.env.Times.Drain,
		answer:   answer{Action: e.Action, Steps: []taken{}},
	}
	inTime := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		inTime, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	err := run.whenKnown(inTime)
	if metricsErr := run.writeMetrics(err); err == nil && metricsErr != nil {
		err = fmt.Errorf("write the metrics: %w", metricsErr)
	}
	return run.answer, err
}

// whenKnown runs to the end. A tick may come seconds after the role's policies were
// written, and waits for IAM; an operator is told at once what is denied.
func (r *run) whenKnown(ctx context.Context) error {
	if r.event.Action != "tick" {
		return r.toTheEnd(ctx)
	}
	return r.whenAllowed(ctx, func() error { return r.toTheEnd(ctx) })
}

// toTheEnd looks and steps until there is nothing to do soon, or no time left.
func (r *run) toTheEnd(ctx context.Context) error {
	if err := r.checkShut(ctx); err != nil {
		return err
	}
	for {
		seen, err := r.look(ctx, r.of)
		if err != nil {
			return err
		}
		first := r.last == nil
		r.last = &seen
		if first {
			if err := r.resolve(seen); err != nil {
				return err
			}
		}
		if done, err := r.fulfilled(ctx, seen); done || err != nil {
			return err
		}
		step, err := r.next(ctx, seen)
		if err != nil {
			return err
		}
		if step.RetryAfter > 0 && !r.wait(ctx, step) {
			return nil
		}
	}
}

// resolve makes the event's wish a request about the keys that were seen first.
func (r *run) resolve(seen sight) error {
	switch r.event.Action {
	case "rotate":
		r.request = keyring.RotateNow(seen.Observation)
	case "revoke":
		r.request = keyring.RevokeNow(seen.Observation)
	default:
		return nil
	}
	if r.event.Through != "" {
		r.request.Through = keyring.Name(r.event.Through)
		if newest, ok := seen.Keyring.Newest(); ok && newest.Name < r.request.Through {
			return fmt.Errorf("%s through %s: the keyring has no such key nor a newer one, but %v", r.event.Action, r.request.Through, seen.Keyring)
		}
	}
	if r.request.Through == "" { // of an empty keyring: the first key that comes will do
		r.request.Through = keyring.NewFirstName(time.Time{})
	}
	r.answer.Through = r.request.Through
	return nil
}

// fulfilled ends a run whose request has nothing left to do. The API forgets its
// authorizations only now: those of a key that was in the keyring would come back.
func (r *run) fulfilled(ctx context.Context, seen sight) (bool, error) {
	r.answer.Done = r.request.Fulfilled(seen.Observation)
	if !r.answer.Done || r.request.Kind == keyring.NoRequest {
		return false, nil
	}
	if r.request.Kind == keyring.Revoke {
		if err := r.forgetForGood(ctx); err != nil {
			return false, err
		}
	}
	r.leave(keyring.Decide(seen.Observation, r.env.Times, keyring.Request{}))
	return true, nil
}

// forgetForGood makes the API forget its authorizations twice. The first time ends
// most of them at once. But authorizers remember the keyring, and what they say until
// that has run out is remembered again.
func (r *run) forgetForGood(ctx context.Context) error {
	if err := r.forgetAuthorizations(ctx); err != nil {
		return err
	}
	if err := sleep(ctx, r.env.KeyringTTL); err != nil {
		return fmt.Errorf("wait until authorizers have forgotten the revoked keys (send the revocation again to go on): %w", err)
	}
	return r.forgetAuthorizations(ctx)
}

func (r *run) forgetAuthorizations(ctx context.Context) error {
	_, err := r.api.ResetAuthorizersCache(ctx, &apigatewayv2.ResetAuthorizersCacheInput{
		ApiId:     aws.String(r.event.APIID),
		StageName: aws.String(r.event.APIStage),
	})
	if err != nil {
		return fmt.Errorf("make API %s forget its authorizations (the rotator's role must allow apigateway:DELETE on stage %s's cache/authorizers; what is remembered ends by itself after %s): %w",
			r.event.APIID, r.event.APIStage, r.env.CacheTime, err)
	}
	r.did(ctx, r.now(), keyring.Step{Reason: fmt.Sprintf("keys up to %s are deleted", r.request.Through)}, "forget authorizations", nil)
	return nil
}

// next decides on a step and carries it out. What it returns says for how long to
// wait then, and why.
func (r *run) next(ctx context.Context, seen sight) (keyring.Step, error) {
	step := keyring.Decide(seen.Observation, r.env.Times, r.request)
	if step.Action == keyring.Prune && r.isGone(step.Names) {
		return keyring.Step{Reason: "Parameter Store still lists what was deleted", RetryAfter: listPause}, nil
	}
	if step.Action == keyring.Nothing {
		return step, nil
	}
	if r.tried++; r.tried > stepLimit {
		return keyring.Step{}, fmt.Errorf("%d steps in one run and no end: next would be to %s, because %s", stepLimit, step.Action, step.Reason)
	}
	began := r.now()
	switch step.Action {
	case keyring.Add:
		return r.add(ctx, began, step)
	case keyring.Publish:
		return r.publish(ctx, began, step, seen)
	default:
		return r.prune(ctx, began, step, seen)
	}
}

// isGone reports whether this run has deleted the keys already.
func (r *run) isGone(names []keyring.Name) bool {
	return !slices.ContainsFunc(names, func(name keyring.Name) bool { return !slices.Contains(r.gone, name) })
}

func (r *run) add(ctx context.Context, began time.Time, step keyring.Step) (keyring.Step, error) {
	made, err := r.newKey(step.Moment)
	if err != nil {
		return keyring.Step{}, err
	}
	// A name that exists is that of this very key: the reply to a first try was lost.
	if err := r.store.Add(ctx, made.name, made.value); err != nil && !errors.Is(err, ssmstore.ErrExists) {
		return keyring.Step{}, err
	}
	r.did(ctx, began, step, step.Action.String(), []keyring.Name{made.name})
	return keyring.Step{Reason: fmt.Sprintf("key %s is not settled yet", made.name), RetryAfter: step.RetryAfter}, nil
}

func (r *run) publish(ctx context.Context, began time.Time, step keyring.Step, seen sight) (keyring.Step, error) {
	if !r.checkPublish(ctx, step) {
		return held(step, fmt.Sprintf("key %s is not published: the API does not accept it", step.Key.Name)), nil
	}
	err := r.of.Publish(ctx, seen.version, step.Key.Value)
	if errors.Is(err, distribution.ErrConflict) {
		r.log.WarnContext(ctx, "somebody else was faster", "action", step.Action.String(), "key", step.Key.Name, "error", err)
		return step, nil
	}
	if err != nil {
		return keyring.Step{}, err
	}
	if step.Repair {
		r.repairs++
	}
	r.did(ctx, began, step, step.Action.String(), []keyring.Name{step.Key.Name})
	return step, nil
}

func (r *run) prune(ctx context.Context, began time.Time, step keyring.Step, seen sight) (keyring.Step, error) {
	if !r.checkPrune(ctx) {
		return held(step, fmt.Sprintf("keys %v are not deleted: no request gets through CloudFront", step.Names)), nil
	}
	if _, err := r.store.Delete(ctx, step.Names...); err != nil {
		return keyring.Step{}, err
	}
	r.gone = append(r.gone, step.Names...)
	r.remember(seen.Keyring.Keys(), step.Names)
	r.did(ctx, began, step, step.Action.String(), step.Names)
	return step, nil
}

// held is what a step comes to when a check is against it.
func held(step keyring.Step, reason string) keyring.Step {
	return keyring.Step{Reason: fmt.Sprintf("%s, though %s", reason, step.Reason), RetryAfter: checkPause}
}

// did logs a step that was carried out, and puts it into the answer.
func (r *run) did(ctx context.Context, began time.Time, step keyring.Step, action string, keys []keyring.Name) {
	r.log.InfoContext(ctx, "step", "action", action, "reason", step.Reason, "keys", keys,
		"repair", step.Repair, "seconds", r.now().Sub(began).Seconds())
	r.answer.Steps = append(r.answer.Steps, taken{Action: action, Keys: keys, Reason: step.Reason})
}

// wait waits until another look can lead to something, and reports whether that was
// worth it.
func (r *run) wait(ctx context.Context, step keyring.Step) bool {
	r.log.InfoContext(ctx, "nothing to do now", "reason", step.Reason, "again", step.RetryAfter.String())
	r.leave(step)
	if step.RetryAfter > r.patience {
		return false
	}
	if deadline, ok := ctx.Deadline(); ok && r.now().Add(step.RetryAfter+lookTime).After(deadline) {
		return false
	}
	r.patience -= step.RetryAfter
	return sleep(ctx, step.RetryAfter) == nil
}

// leave says in the answer what comes next.
func (r *run) leave(step keyring.Step) {
	r.answer.Left, r.answer.AgainIn = step.Reason, ""
	if step.RetryAfter > 0 {
		r.answer.AgainIn = roundUp(step.RetryAfter).String()
	}
}

// roundUp rounds up to whole seconds, for those who wait that long.
func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// writeMetrics says how the run went. What is not known is left out, so that its
// alarm notices.
func (r *run) writeMetrics(err error) error {
	failures := 0
	if err != nil {
		failures = 1
	}
	values := []metrics.Value{
		metrics.Count(metrics.Steps, len(r.answer.Steps)),
		metrics.Seconds(metrics.Duration, r.now().Sub(r.began)),
		metrics.Count(metrics.Repairs, r.repairs),
		metrics.Count(metrics.FailedChecks, r.failedChecks),
		metrics.Count(metrics.Failures, failures),
	}
	if r.last != nil {
		values = append(values, metrics.Count(metrics.KeyringSize, r.last.Keyring.Len()), metrics.Seconds(metrics.DeployingFor, r.last.deployingFor(r.now())))
		if key, ok := r.last.inUse(); ok {
			values = append(values, metrics.Seconds(metrics.KeyAge, r.now().Sub(key.Created)))
		}
	}
	return metrics.Write(r.metrics, r.now(), r.env.Stack, values...)
}

// deployingFor is the time since the change that CloudFront is deploying.
func (s sight) deployingFor(now time.Time) time.Duration {
	if s.version.Deployed {
		return 0
	}
	return max(0, now.Sub(s.Modified))
}
