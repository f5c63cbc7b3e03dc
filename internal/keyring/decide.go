package keyring

import (
	"fmt"
	"time"
)

// Decide returns the one step that follows from an observation. It is the whole of the
// rotation: a rotator that carries out its steps, however often, with any crash or
// failure in between, gets from any state to the one where the keyring holds one key and
// CloudFront sends it, and no request is rejected on the way.
//
// The first rule that applies decides:
//
//	the keyring is empty                         add a key
//	a key is revoked                             see [Revoke]
//	the header is in no key of the keyring       publish the newest settled key
//	older keys than the header's can be pruned   prune them
//	a settled key is newer than the header's     publish the newest such key
//	a key is newer than the header's             nothing, until it is settled
//	the header's key is due                      add a key
//
// A key is settled when it is [Times.Settle] old; older keys can be pruned when the
// distribution was unchanged for [Times.Grace] and observed as Deployed for
// [Times.Drain]; a key is due when it is [Times.Interval] old, the stack's first, or a
// request is to replace it.
func Decide(observed Observation, times Times, request Request) Step {
	d := decision{observed, times, request}
	newest, ok := observed.Keyring.Newest()
	if !ok {
		return d.add("the keyring is empty")
	}
	if request.covers(newest.Name) && request.Through != newest.Name {
		return Step{
			Reason:     fmt.Sprintf("rejected: key %s, which the request names, is newer than every key in the keyring", request.Through),
			RetryAfter: times.Interval,
		}
	}
	inUse, known := observed.Keyring.Holding(observed.Header)
	if request.Kind == Revoke && !request.Fulfilled(observed) {
		return d.revoke(inUse, known, newest)
	}
	if !known {
		return d.repair("")
	}
	if step, ok := d.prune(inUse); ok {
		return step
	}
	if inUse.Name != newest.Name {
		return d.publishAfter(inUse.Name)
	}
	return d.rotate(inUse)
}

// decision holds the input of the rules.
type decision struct {
	observed Observation
	times    Times
	request  Request
}

func (d decision) revoke(inUse Key, known bool, newest Key) Step {
	through := d.request.Through
	switch {
	case newest.Name == through:
		return d.add(fmt.Sprintf("key %s is revoked and has no successor yet", through))
	case !known:
		return d.repair(through)
	case inUse.Name <= through:
		return d.publishAfter(through)
	case d.observed.DeployedSince.IsZero():
		return Step{
			Reason:     fmt.Sprintf("keys up to %s are revoked, and some edge locations may still send one: CloudFront is deploying %s", through, inUse.Name),
			RetryAfter: deploymentPoll,
		}
	}
	return Step{
		Action: Prune,
		Reason: fmt.Sprintf("keys up to %s are revoked, and every edge location sends %s", through, inUse.Name),
		Names:  d.observed.Keyring.through(through),
	}
}

// repair replaces a header that is in no key of the keyring. Even here a key must be
// settled: a rejection of it would be cached and outlast the wait.
func (d decision) repair(after Name) Step {
	key, wait := d.newestSettled(after)
	if wait > 0 {
		return Step{
			Reason:     fmt.Sprintf("the header is in no key of the keyring, and key %s is not settled yet", key.Name),
			RetryAfter: wait,
		}
	}
	return Step{
		Action: Publish,
		Reason: fmt.Sprintf("repair: the header is in no key of the keyring; %s is the newest settled key", key.Name),
		Key:    key,
		Repair: true,
	}
}

// publishAfter publishes a key that is newer than old; there must be one.
func (d decision) publishAfter(old Name) Step {
	key, wait := d.newestSettled(old)
	if wait > 0 {
		return Step{Reason: fmt.Sprintf("key %s, which follows %s, is not settled yet", key.Name, old), RetryAfter: wait}
	}
	return Step{
		Action: Publish,
		Reason: fmt.Sprintf("key %s is settled and follows %s", key.Name, old),
		Key:    key,
	}
}

// newestSettled returns the newest key after a name that is settled. If there is none, it
// returns the one that settles first and the time until then.
func (d decision) newestSettled(after Name) (key Key, wait time.Duration) {
	for _, candidate := range d.observed.Keyring.keys {
		if candidate.Name <= after {
			continue
		}
		left := d.left(candidate.Created, d.times.Settle)
		if key.Name == "" || left == 0 || left < wait {
			key, wait = candidate, left
		}
	}
	return key, wait
}

func (d decision) prune(inUse Key) (Step, bool) {
	if d.observed.DeployedSince.IsZero() || d.untilPrune() > 0 {
		return Step{}, false
	}
	old := d.observed.Keyring.before(inUse.Name)
	if len(old) == 0 {
		return Step{}, false
	}
	return Step{
		Action: Prune,
		Reason: fmt.Sprintf("every edge location has sent %s for long enough: no request with an older key is under way, and no update restores one", inUse.Name),
		Names:  old,
	}, true
}

// untilPrune returns the time until older keys can be pruned, or a lower bound of it while
// CloudFront is deploying.
func (d decision) untilPrune() time.Duration {
	drain := deploymentPoll
	if !d.observed.DeployedSince.IsZero() {
		drain = d.left(d.observed.DeployedSince, d.times.Drain)
	}
	return max(d.left(d.observed.Modified, d.times.Grace), drain)
}

// rotate decides when the header has the newest key of the keyring.
func (d decision) rotate(inUse Key) Step {
	due := d.left(inUse.Created, d.times.Interval)
	retryAfter := due
	if d.observed.Keyring.Len() > 1 {
		retryAfter = min(due, d.untilPrune())
	}
	var reason string
	switch {
	case d.request.covers(inUse.Name):
		reason = fmt.Sprintf("a successor of key %s is requested", inUse.Name)
	case inUse.Name.IsFirst():
		reason = fmt.Sprintf("key %s is the stack's first, whose value went through Pulumi's state", inUse.Name)
	case due == 0:
		reason = fmt.Sprintf("key %s is older than %s", inUse.Name, d.times.Interval)
	default:
		return Step{Reason: fmt.Sprintf("key %s is in use and due in %s%s", inUse.Name, rounded(due), d.olderKeys()), RetryAfter: retryAfter}
	}
	if d.observed.Keyring.Len() >= KeyLimit {
		return Step{
			Reason:     fmt.Sprintf("%s, but the keyring is full%s", reason, d.olderKeys()),
			RetryAfter: d.untilPrune(),
		}
	}
	return d.add(reason)
}

// olderKeys describes when the keys that are older than the one in use are pruned.
func (d decision) olderKeys() string {
	switch count := d.observed.Keyring.Len() - 1; {
	case count == 0:
		return ""
	case d.observed.DeployedSince.IsZero():
		return fmt.Sprintf("; %d older in the keyring while CloudFront deploys it", count)
	default:
		return fmt.Sprintf("; %d older in the keyring for %s more", count, rounded(d.untilPrune()))
	}
}

// add names the key after the present time, or just after the newest key if that has a
// name from the future: a key that is added always becomes the newest.
func (d decision) add(reason string) Step {
	moment := d.observed.Now
	if newest, ok := d.observed.Keyring.Newest(); ok {
		if next := newest.Name.Time().Add(nameStep); moment.Before(next) {
			moment = next
		}
	}
	return Step{Action: Add, Reason: reason, Moment: moment, RetryAfter: d.times.Settle}
}

// left returns the rest of a period that began at since.
func (d decision) left(since time.Time, period time.Duration) time.Duration {
	return max(0, period-elapsed(since, d.observed.Now))
}

// rounded returns a duration in whole seconds, for people.
func rounded(d time.Duration) time.Duration { return d.Round(time.Second) }
