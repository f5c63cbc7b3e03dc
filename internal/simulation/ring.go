package simulation

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

// Authorizers are what keeps answers at the API.
type Authorizers struct {
	RefetchPeriod time.Duration // a ring this old may still refuse a new key
	MemoryTTL     time.Duration // a ring this old may still accept a deleted key
	CacheTTL      time.Duration // API Gateway keeps an answer this long
	Propagation   time.Duration // Parameter Store may show a new key this late
}

// Ring simulates our algorithm, with its decisions as the rotator makes them, at
// every tick.
func Ring(f Fleet, random *rand.Rand, settings originkey.Settings, tick time.Duration, a Authorizers, simulated time.Duration) (Result, error) {
	w := &ringWorld{fleet: f, random: random, settings: settings, authorizers: a, created: map[originkey.Name]time.Time{}, left: map[originkey.Name]deployment{}}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := w.begin(start); err != nil {
		return Result{}, err
	}
	for now := start; now.Before(start.Add(simulated)); now = now.Add(tick) {
		if err := w.run(now, tick); err != nil {
			return Result{}, err
		}
	}
	w.result.finish(f, simulated)
	return w.result, nil
}

// ringWorld is the ring, the distribution, and one rotator.
type ringWorld struct {
	fleet       Fleet
	random      *rand.Rand
	settings    originkey.Settings
	authorizers Authorizers

	keys    []originkey.Key
	header  originkey.Key
	rollout deployment
	seen    originkey.Deployments
	version int

	created map[originkey.Name]time.Time
	left    map[originkey.Name]deployment // the rollout that replaced a key
	result  Result
}

// begin has a first key that every edge sends.
func (w *ringWorld) begin(now time.Time) error {
	if err := w.add(now, now); err != nil {
		return err
	}
	w.header = w.keys[0]
	w.rollout = deployment{began: now, switches: make([]time.Duration, w.fleet.Edges)}
	return nil
}

// run is one run of the rotator: steps, and the waits that it has patience for.
func (w *ringWorld) run(now time.Time, tick time.Duration) error {
	patience := min(tick, w.settings.Settle+w.settings.Drain)
	for waited := time.Duration(0); ; {
		ring, err := originkey.NewRing(w.keys...)
		if err != nil {
			return err
		}
		at := now.Add(waited)
		deployed := !at.Before(w.rollout.ends())
		step := originkey.Decide(originkey.Observation{
			Now: at, Header: w.header.Value, Modified: w.rollout.began, Ring: ring,
			DeployedSince: w.seen.See(fmt.Sprint(w.version), deployed, at),
		}, w.settings, originkey.Request{})
		switch step.Action {
		case originkey.Add:
			err = w.add(at, step.Moment)
		case originkey.Publish:
			w.publish(at, step.Key)
		case originkey.Prune:
			w.prune(at, step.Names)
		}
		if err != nil {
			return err
		}
		if waited += step.Again; waited > patience || (step.Action == originkey.Nothing && step.Again == 0) {
			return nil
		}
	}
}

func (w *ringWorld) add(now, moment time.Time) error {
	var nonce [originkey.NonceSize]byte
	binary.NativeEndian.PutUint32(nonce[:], w.random.Uint32()|1)
	var value [originkey.ValueSize]byte
	for i := 0; i < len(value); i += 8 {
		binary.NativeEndian.PutUint64(value[i:], w.random.Uint64())
	}
	key := originkey.Key{Name: originkey.NewName(moment, nonce), Value: originkey.NewValue(value), Created: now}
	if _, exists := w.created[key.Name]; exists {
		return fmt.Errorf("two keys are named %s", key.Name)
	}
	w.created[key.Name] = now
	w.keys = append(w.keys, key)
	return nil
}

// publish begins a rollout. A key that an authorizer may not know yet, at worst one
// that read the ring just before the key was in it, is refused by it.
func (w *ringWorld) publish(now time.Time, key originkey.Key) {
	rollout := w.fleet.deploy(w.random, now)
	w.left[w.header.Name] = rollout
	known := key.Created.Add(w.authorizers.Propagation + w.authorizers.RefetchPeriod)
	w.refuse(w.fleet.sentBefore(rollout, known), known.Sub(now))
	w.header, w.rollout, w.version = key, rollout, w.version+1
	w.result.Rotations++
}

// prune deletes keys. At worst, an authorizer reads the ring at that moment, and
// another has just done so.
func (w *ringWorld) prune(now time.Time, names []originkey.Name) {
	for _, name := range names {
		if rollout, published := w.left[name]; published {
			w.refuse(w.fleet.oldAfter(rollout, now), rollout.ends().Sub(now))
			w.result.StayedValid = append(w.result.StayedValid, now.Sub(rollout.began)+w.authorizers.MemoryTTL+w.authorizers.CacheTTL)
			delete(w.left, name)
		}
	}
	w.keys = slices.DeleteFunc(w.keys, func(key originkey.Key) bool { return slices.Contains(names, key.Name) })
}

func (w *ringWorld) refuse(requests float64, during time.Duration) {
	if requests > 0 {
		w.result.Refused += requests
		w.result.Disagreement += during
	}
}
