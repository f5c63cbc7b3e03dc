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
		Header:       s.describe(s.Header),
		Deployed:     s.version.Deployed,
		ModifiedAgo:  age(s.Modified, s.Now),
		DeployingFor: s.deployingFor(s.Now).Round(time.Second).String(),
		Next: rotatorapi.NextStep{
			Action:     step.Action.String(),
			Reason:     step.Reason,
			RetryAfter: rotatorapi.FormatRetryAfter(step.RetryAfter),
		},
	}
	if s.originsDiffer() {
		status.Header, status.Origins = "different values to its origins", s.origins()
	}
	inUse, known := s.inUse()
	for _, key := range s.Keyring.Keys() {
		status.Keys = append(status.Keys, rotatorapi.KeyStatus{
			Name: key.Name, Age: age(key.Created, s.Now), InUse: known && key.Name == inUse.Name,
		})
	}
	return status, nil
}

func age(since, now time.Time) string { return max(0, now.Sub(since)).Round(time.Second).String() }
