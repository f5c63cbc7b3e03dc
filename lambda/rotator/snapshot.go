package main

import (
	"context"
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
	return snapshot{
		Observation: keyring.Observation{
			Now:           now,
			Header:        version.Header,
			Modified:      version.Modified,
			DeployedSince: since,
			Keyring:       keys,
		},
		version: version,
	}, nil
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
		Header:         r.env.Header,
	})
}
