package keyring

import (
	"fmt"
	"time"
)

// Decide returns the one step that follows from what was seen. It is the whole of
// the rotation: whoever carries out its steps, however often, with whatever crash
// or failure in between, gets from any state to the one where the ring holds one
// key and CloudFront sends it, and no request is refused on the way.
//
// The first rule that applies decides:
//
//	the ring is empty                            add a key
//	a key is to be revoked                       see [Revoke]
//	the header is in no key of the ring          publish the newest settled key
//	older keys than the header's are done with   prune them
//	a settled key is newer than the header's     publish the newest such key
//	a key is newer than the header's             nothing, until it is settled
//	the header's key is due                      add a key
//
// A key is settled when it is [Settings.Settle] old; older keys are done with when
// the distribution was unchanged for [Settings.Grace] and seen Deployed for
// [Settings.Drain]; a key is due when it is [Settings.Interval] old, the stack's
// first, or asked to be replaced.
func Decide(seen Observation, settings Settings, request Request) Step {
	d := decision{seen, settings, request}
	newest, ok := seen.Ring.Newest()
	if !ok {
		return d.add("the ring is empty")
	}
	if request.covers(newest.Name) && request.Through != newest.Name {
		return Step{
			Reason: fmt.Sprintf("refused: key %s, which the request names, is newer than every key in the ring", request.Through),
			Again:  settings.Interval,
		}
	}
	inUse, known := seen.Ring.holding(seen.Header)
	if request.Kind == Revoke && !request.Fulfilled(seen) {
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

// decision is what the rules decide upon.
type decision struct {
	seen     Observation
	settings Settings
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
	case d.seen.DeployedSince.IsZero():
		return Step{
			Reason: fmt.Sprintf("keys up to %s are revoked, and some edges may still send one: CloudFront is deploying %s", through, inUse.Name),
			Again:  deploymentPoll,
		}
	}
	return Step{
		Action: Prune,
		Reason: fmt.Sprintf("keys up to %s are revoked, and every edge sends %s", through, inUse.Name),
		Names:  d.seen.Ring.through(through),
	}
}

// repair replaces a header that is in no key of the ring. A key that is not settled
// has to wait even here: a refusal of it would be cached and outlast the wait.
func (d decision) repair(after Name) Step {
	key, wait := d.newestSettled(after)
	if wait > 0 {
		return Step{
			Reason: fmt.Sprintf("the header is in no key of the ring, and key %s is not settled yet", key.Name),
			Again:  wait,
		}
	}
	return Step{
		Action: Publish,
		Reason: fmt.Sprintf("repair: the header is in no key of the ring; %s is the newest settled key", key.Name),
		Key:    key,
		Repair: true,
	}
}

// publishAfter publishes a key that is newer than old; there must be one.
func (d decision) publishAfter(old Name) Step {
	key, wait := d.newestSettled(old)
	if wait > 0 {
		return Step{Reason: fmt.Sprintf("key %s, which follows %s, is not settled yet", key.Name, old), Again: wait}
	}
	return Step{
		Action: Publish,
		Reason: fmt.Sprintf("key %s is settled and follows %s", key.Name, old),
		Key:    key,
	}
}

// newestSettled returns the newest key after a name that is settled. If there is
// none, it returns the one that is settled first and the time until then.
func (d decision) newestSettled(after Name) (key Key, wait time.Duration) {
	for _, candidate := range d.seen.Ring.keys {
		if candidate.Name <= after {
			continue
		}
		left := d.left(candidate.Created, d.settings.Settle)
		if key.Name == "" || left == 0 || left < wait {
			key, wait = candidate, left
		}
	}
	return key, wait
}

func (d decision) prune(inUse Key) (Step, bool) {
	if d.seen.DeployedSince.IsZero() || d.untilPrune() > 0 {
		return Step{}, false
	}
	old := d.seen.Ring.before(inUse.Name)
	if len(old) == 0 {
		return Step{}, false
	}
	return Step{
		Action: Prune,
		Reason: fmt.Sprintf("every edge has sent %s for long enough: no request with an older key is on its way, and nothing puts one back", inUse.Name),
		Names:  old,
	}, true
}

// untilPrune returns the time until older keys are done with, or the least it can
// be while CloudFront is deploying.
func (d decision) untilPrune() time.Duration {
	drain := deploymentPoll
	if !d.seen.DeployedSince.IsZero() {
		drain = d.left(d.seen.DeployedSince, d.settings.Drain)
	}
	return max(d.left(d.seen.Modified, d.settings.Grace), drain)
}

// rotate is for a header whose key is the newest of the ring.
func (d decision) rotate(inUse Key) Step {
	due := d.left(inUse.Created, d.settings.Interval)
	again := due
	if d.seen.Ring.Len() > 1 {
		again = min(due, d.untilPrune())
	}
	var reason string
	switch {
	case d.request.covers(inUse.Name):
		reason = fmt.Sprintf("a successor of key %s is requested", inUse.Name)
	case inUse.Name.IsFirst():
		reason = fmt.Sprintf("key %s is the stack's first, which went through Pulumi's state", inUse.Name)
	case due == 0:
		reason = fmt.Sprintf("key %s is older than %s", inUse.Name, d.settings.Interval)
	default:
		return Step{Reason: fmt.Sprintf("key %s is in use and due in %s%s", inUse.Name, words(due), d.olderKeys()), Again: again}
	}
	if d.seen.Ring.Len() >= RingLimit {
		return Step{
			Reason: fmt.Sprintf("%s, but the ring is full%s", reason, d.olderKeys()),
			Again:  d.untilPrune(),
		}
	}
	return d.add(reason)
}

// olderKeys says what becomes of the keys that are older than the one in use.
func (d decision) olderKeys() string {
	switch count := d.seen.Ring.Len() - 1; {
	case count == 0:
		return ""
	case d.seen.DeployedSince.IsZero():
		return fmt.Sprintf("; %d older in the ring while CloudFront deploys it", count)
	default:
		return fmt.Sprintf("; %d older in the ring for %s more", count, words(d.untilPrune()))
	}
}

// add names the key after the present moment, or just after the newest key if that
// has a name from the future: a key that is added always becomes the newest.
func (d decision) add(reason string) Step {
	moment := d.seen.Now
	if newest, ok := d.seen.Ring.Newest(); ok {
		if next := newest.Name.Time().Add(nameStep); moment.Before(next) {
			moment = next
		}
	}
	return Step{Action: Add, Reason: reason, Moment: moment, Again: d.settings.Settle}
}

// left returns what is left of a time that began at since.
func (d decision) left(since time.Time, of time.Duration) time.Duration {
	return max(0, of-elapsed(since, d.seen.Now))
}

// words rounds a time for people.
func words(d time.Duration) time.Duration { return d.Round(time.Second) }
