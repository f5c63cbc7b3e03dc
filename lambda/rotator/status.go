package main

import (
	"context"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// status is the answer to the event of that name. It has no secret in it.
type status struct {
	Keys         []keyStatus `json:"keys"`         // oldest first
	Header       string      `json:"header"`       // what the distribution sends: a key of the keyring, something unknown, nothing
	Deployed     bool        `json:"deployed"`     // everywhere
	ModifiedAgo  string      `json:"modifiedAgo"`  // the distribution
	DeployingFor string      `json:"deployingFor"` // 0s when deployed
	Next         nextStep    `json:"next"`
}

type keyStatus struct {
	Name  keyring.Name `json:"name"`
	Age   string       `json:"age"`
	InUse bool         `json:"inUse"`
}

type nextStep struct {
	Action  string `json:"action"`
	Reason  string `json:"reason"`
	AgainIn string `json:"againIn,omitempty"`
}

// status looks, and says what the next tick would do. It changes nothing.
func (r *rotator) status(ctx context.Context, e event) (any, error) {
	seen, err := r.look(ctx, r.target(e))
	if err != nil {
		return nil, err
	}
	step := keyring.Decide(seen.Observation, r.env.Times, keyring.Request{})
	s := status{
		Keys:         []keyStatus{},
		Header:       "a key of the keyring",
		Deployed:     seen.version.Deployed,
		ModifiedAgo:  ago(seen.Modified, seen.Now),
		DeployingFor: seen.deployingFor(seen.Now).Round(time.Second).String(),
		Next:         nextStep{Action: step.Action.String(), Reason: step.Reason},
	}
	if step.RetryAfter > 0 {
		s.Next.AgainIn = roundUp(step.RetryAfter).String()
	}
	inUse, known := seen.inUse()
	switch {
	case known:
	case seen.Header.IsZero():
		s.Header = "nothing"
	default:
		s.Header = "a value that is in no key of the keyring"
	}
	for _, key := range seen.Keyring.Keys() {
		s.Keys = append(s.Keys, keyStatus{Name: key.Name, Age: ago(key.Created, seen.Now), InUse: known && key.Name == inUse.Name})
	}
	return s, nil
}

func ago(then, now time.Time) string { return max(0, now.Sub(then)).Round(time.Second).String() }
