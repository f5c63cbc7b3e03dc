package main

import (
	"context"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// status returns a snapshot, and the step that the next tick takes. It changes nothing.
func (r *rotator) status(ctx context.Context, e rotatorapi.Event) (any, error) {
	s, err := r.observe(ctx, r.target(e))
	if err != nil {
		return nil, err
	}
	step := keyring.Decide(s.Observation, r.env.Times, keyring.Request{})
	status := rotatorapi.Status{
		Keys:         []rotatorapi.KeyStatus{},
		Header:       "a key of the keyring",
		Deployed:     s.version.Deployed,
		ModifiedAgo:  age(s.Modified, s.Now),
		DeployingFor: s.deployingFor(s.Now).Round(time.Second).String(),
		Next: rotatorapi.NextStep{
			Action:     step.Action.String(),
			Reason:     step.Reason,
			RetryAfter: rotatorapi.FormatRetryAfter(step.RetryAfter),
		},
	}
	inUse, known := s.inUse()
	switch {
	case known:
	case s.Header.IsZero():
		status.Header = "nothing"
	default:
		status.Header = "a value that is in no key of the keyring"
	}
	for _, key := range s.Keyring.Keys() {
		status.Keys = append(status.Keys, rotatorapi.KeyStatus{
			Name: key.Name, Age: age(key.Created, s.Now), InUse: known && key.Name == inUse.Name,
		})
	}
	return status, nil
}

func age(since, now time.Time) string { return max(0, now.Sub(since)).Round(time.Second).String() }
