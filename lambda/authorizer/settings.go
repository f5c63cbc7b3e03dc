package main

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

type settings struct {
	keyPath string
	header  string // in lower case
	limits  limits
}

func readSettings(lookup func(string) (string, bool)) (settings, error) {
	env := lambdaenv.NewReader(lookup)
	s := settings{
		keyPath: env.Text("GATEHOUSE_KEY_PATH", keystore.PathForm, keystore.IsPath),
		header:  env.Header("GATEHOUSE_ORIGIN_HEADER"),
		limits: limits{
			ttl:     env.Duration("GATEHOUSE_RING_TTL", time.Second, 15*time.Minute),
			refetch: env.Duration("GATEHOUSE_REFETCH_PERIOD", time.Second, time.Minute),
			stale:   env.Duration("GATEHOUSE_STALE_LIMIT", time.Second, 24*time.Hour),
		},
	}
	if env.Err() == nil {
		s.limits.check(env)
	}
	return s, env.Err()
}

func (l limits) check(env *lambdaenv.Reader) {
	if l.ttl < l.refetch {
		env.Reject("GATEHOUSE_RING_TTL", l.ttl.String(), "at least GATEHOUSE_REFETCH_PERIOD, "+l.refetch.String())
	}
	if l.stale < l.ttl {
		env.Reject("GATEHOUSE_STALE_LIMIT", l.stale.String(), "at least GATEHOUSE_RING_TTL, "+l.ttl.String())
	}
}
