package model

import (
	"fmt"
	"strings"
)

// emitter takes an event and the state that it leads to.
type emitter func(event, state)

// event is what happened. A key is numbered as in the state that it leads to, before
// normalising.
type event struct {
	kind eventKind
	who  uint8
	key  value
}

type eventKind uint8

const (
	noRoom eventKind = iota // a key is not added, because the model has no name for it
	ringRead
	observes
	decides
	coins
	crash
	callDone
	callRefused
	callRepeats
	callHangs
	lateDone
	lateVanishes
	checkPasses
	checkFails
	edgesDone
	upWrites
	intrusion
	timePasses
	fetches
	misses
	accepts
)

// trace tells a way through the states in words, with names that last.
type trace struct {
	w        *world
	now      state
	keys     []string
	made     int // keys
	told     int // events
	rotators [2]string
	scene    string
	lines    []string
}

func newTrace(w *world, start state) *trace {
	t := &trace{w: w, now: start, rotators: [2]string{"rotator B", "rotator A"}}
	for range start.named() {
		t.keys = append(t.keys, t.newKey())
	}
	t.describeStart()
	return t
}

func (t *trace) newKey() string {
	t.made++
	return fmt.Sprintf("K%d", t.made)
}

// tell adds the line for an event that led to a state.
func (t *trace) add(e event, to state) {
	before, found := t.now, false
	t.w.next(&before, func(other event, raw state) {
		normal := raw
		did := t.w.normalise(&normal)
		if found || other != e || normal != to {
			return
		}
		found = true
		if e.kind == coins {
			t.keys = append(t.keys[:e.key], append([]string{t.newKey()}, t.keys[e.key:]...)...)
		}
		line := t.describe(e, &before, &raw)
		t.forget(did)
		t.now = to
		t.told++
		t.lines = append(t.lines, fmt.Sprintf("%3d. %s", t.told, line))
		t.describeStart()
	})
	if !found {
		panic("model: a trace does not follow from its states")
	}
}

func (t *trace) forget(did changes) {
	var kept []string
	for i, key := range t.keys {
		if !did.removed.has(value(i)) {
			kept = append(kept, key)
		}
	}
	t.keys = kept
	if did.swapped {
		t.rotators[0], t.rotators[1] = t.rotators[1], t.rotators[0]
	}
}

func (t *trace) name(v value) string {
	if v == foreign {
		return "a foreign value"
	}
	return t.keys[v]
}

func (t *trace) list(set values) string {
	var all []string
	set.each(func(v value) { all = append(all, t.name(v)) })
	return "{" + strings.Join(all, " ") + "}"
}

// describeStart describes the state after an event, if it is another.
func (t *trace) describeStart() {
	s := &t.now
	scene := fmt.Sprintf("     | keyring %s, header %s, edges send %s", t.list(s.ring()), t.name(s.header), t.list(s.sent))
	if s.stream != absent {
		scene += fmt.Sprintf(", of the second origin %s", t.name(s.stream))
	}
	if s.flying != 0 {
		scene += ", on their way " + t.list(s.flying)
	}
	if scene != t.scene {
		t.scene = scene
		t.lines = append(t.lines, scene)
	}
}

func (t *trace) describe(e event, before, after *state) string {
	who, key := t.rotators[e.who], ""
	if e.key <= foreign && int(e.key) < len(t.keys) || e.key == foreign {
		key = t.name(e.key)
	}
	switch e.kind {
	case ringRead:
		return who + " reads the keyring"
	case observes:
		status := "InProgress"
		if before.full > 0 {
			status = "Deployed"
		}
		return fmt.Sprintf("%s reads the distribution: header %s, %s", who, key, status)
	case decides:
		return fmt.Sprintf("%s reads the keyring and decides: %s", who, t.describeCall(after.rotators[e.who].call))
	case coins:
		if t.w.reference {
			return fmt.Sprintf("%s makes %s, to publish it first", who, key)
		}
		return fmt.Sprintf("%s reads the keyring and decides: %s", who, t.describeCall(after.rotators[e.who].call))
	case crash:
		return who + " crashes, or is told of an error and ends"
	case callDone:
		return fmt.Sprintf("%s: %s", who, t.describeCall(before.rotators[e.who].call))
	case callRefused:
		return fmt.Sprintf("%s: %s is refused", who, t.describeCall(before.rotators[e.who].call))
	case callRepeats:
		return fmt.Sprintf("%s: %s; the response is lost, it will be repeated", who, t.describeCall(before.rotators[e.who].call))
	case callHangs:
		return fmt.Sprintf("%s gives up; its call, %s, may take effect later; another rotator reads the distribution: header %s", who, t.describeCall(before.rotators[e.who].call), key)
	case lateDone:
		return "late call: " + t.describeCall(before.late)
	case lateVanishes:
		return "the late call is lost"
	case checkPasses:
		return fmt.Sprintf("%s asks the API directly: it accepts %s", who, key)
	case checkFails:
		return fmt.Sprintf("%s asks the API directly, which does not accept %s", who, key)
	case edgesDone:
		return "CloudFront: every edge has the configuration"
	case upWrites:
		return fmt.Sprintf("an `up` writes %s, which it chose from the keyring", key)
	case intrusion:
		return "an intruder puts in a foreign header, for one origin or all"
	case timePasses:
		return "time passes"
	case fetches:
		return "an authorizer reads the keyring, with " + key
	case misses:
		return "an authorizer reads the keyring, without " + key
	case accepts:
		return "API Gateway keeps an acceptance of " + key
	}
	return fmt.Sprintf("event %d", e.kind)
}

func (t *trace) describeCall(c call) string {
	switch c.kind {
	case addCall:
		return "add " + t.name(c.key)
	case checkCall, publishCall:
		return "publish " + t.name(c.key)
	case pruneCall:
		return "prune " + t.list(c.keys)
	case overwriteCall:
		return "overwrite the value in Parameter Store with " + t.name(c.key)
	}
	return "nothing"
}
