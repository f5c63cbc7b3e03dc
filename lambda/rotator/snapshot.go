package main

import (
	"context"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/distribution"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// snapshot is one observation of clock, distribution and keyring.
type snapshot struct {
	keyring.Observation
	version distribution.Version
}

// observe reads the clock, the distribution and the keyring, in this order: see
// [keyring.Observation].
func (r *rotator) observe(ctx context.Context, target distribution.Distribution) (snapshot, error) {
	now := r.now()
	version, err := target.Read(ctx)
	if err != nil {
		return snapshot{}, err
	}
	since := r.deployments.See(version.ETag, version.Deployed, r.now())
	keys, err := r.readKeyring(ctx)
	if err != nil {
		return snapshot{}, err
	}
	s := snapshot{
		Observation: keyring.Observation{
			Now:           now,
			Header:        version.Header,
			Modified:      version.Modified,
			DeployedSince: since,
			Keyring:       keys,
		},
		version: version,
	}
	if s.originsDiffer() {
		r.log.WarnContext(ctx, "the distribution's origins have different values of the header, which is repaired", "origins", s.origins())
	}
	return s, nil
}

// readKeyring returns the keyring, and logs each parameter in its path that is no key.
func (r *rotator) readKeyring(ctx context.Context) (keyring.Keyring, error) {
	found, err := r.store.Read(ctx)
	if err != nil {
		return keyring.Keyring{}, err
	}
	for _, skipped := range found.Skipped {
		r.log.WarnContext(ctx, "a parameter in the keyring's path is no key", "parameter", skipped.Parameter, "reason", skipped.Reason)
	}
	return found.Keyring, nil
}

// inUse returns the key that the distribution sends, and reports whether the keyring has it.
func (s snapshot) inUse() (keyring.Key, bool) { return s.Keyring.Holding(s.Header) }

// originsDiffer reports whether an origin has another value of the header than another one,
// or lacks the header that it must have. Only another client than a rotator or an update of
// the stack leaves them so.
func (s snapshot) originsDiffer() bool {
	return slices.ContainsFunc(s.version.Origins, func(o distribution.Origin) bool {
		return !o.Header.Equal(s.version.Origins[0].Header)
	})
}

// origins returns what the distribution sends to each of its origins.
func (s snapshot) origins() []rotatorapi.OriginStatus {
	all := make([]rotatorapi.OriginStatus, len(s.version.Origins))
	for i, origin := range s.version.Origins {
		all[i] = rotatorapi.OriginStatus{ID: origin.ID, Header: s.describe(origin.Header)}
		if key, known := s.Keyring.Holding(origin.Header); known {
			all[i].Key = key.Name
		}
	}
	return all
}

// describe returns what a value of the header is.
func (s snapshot) describe(header keyring.Value) string {
	if _, known := s.Keyring.Holding(header); known {
		return "a key of the keyring"
	}
	if header.IsZero() {
		return "nothing"
	}
	return "a value that is in no key of the keyring"
}

// deployingFor returns the time since the change that CloudFront is deploying.
func (s snapshot) deployingFor(now time.Time) time.Duration {
	if s.version.Deployed {
		return 0
	}
	return max(0, now.Sub(s.Modified))
}

// target returns the distribution of the event.
func (r *rotator) target(e rotatorapi.Event) distribution.Distribution {
	return distribution.New(r.cloudFront, distribution.Target{
		DistributionID: e.DistributionID,
		OriginID:       e.OriginID,
		StreamOriginID: e.StreamOriginID,
		Header:         r.env.Header,
	})
}
