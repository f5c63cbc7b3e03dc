package main

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/internal/distribution"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// sight is one look at the world.
type sight struct {
	keyring.Observation
	version distribution.Version
}

// look reads the clock, the distribution and the keyring, in this order: see
// [originkey.Observation].
func (r *rotator) look(ctx context.Context, of distribution.Distribution) (sight, error) {
	now := r.now()
	version, err := of.Read(ctx)
	if err != nil {
		return sight{}, err
	}
	since := r.deployments.See(version.ETag, version.Deployed, r.now())
	ring, err := r.readRing(ctx)
	if err != nil {
		return sight{}, err
	}
	return sight{
		Observation: keyring.Observation{
			Now:           now,
			Header:        version.Header,
			Modified:      version.Modified,
			DeployedSince: since,
			Keyring:       ring,
		},
		version: version,
	}, nil
}

// readRing returns the keyring, and warns of what lies in its path and is no key.
func (r *rotator) readRing(ctx context.Context) (keyring.Keyring, error) {
	found, err := r.store.Read(ctx)
	if err != nil {
		return keyring.Keyring{}, err
	}
	for _, skipped := range found.Skipped {
		r.log.WarnContext(ctx, "a parameter in the keyring's path is no key", "parameter", skipped.Parameter, "reason", skipped.Reason)
	}
	return found.Keyring, nil
}

// inUse returns the key that the distribution sends.
func (s sight) inUse() (keyring.Key, bool) {
	for _, key := range s.Keyring.Keys() {
		if key.Value.Equal(s.Header) {
			return key, true
		}
	}
	return keyring.Key{}, false
}

// target is what the event is about.
func (r *rotator) target(e event) distribution.Distribution {
	return distribution.New(r.cloudFront, distribution.Target{
		DistributionID: e.DistributionID,
		OriginID:       e.OriginID,
		Header:         r.env.Header,
	})
}
