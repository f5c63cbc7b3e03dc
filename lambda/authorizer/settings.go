package main

import (
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/environ"
	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

type settings struct {
	keyPath string
	header  string // in lower case
	limits  limits
}

func readSettings(lookup func(string) (string, bool)) (settings, error) {
	env := environ.NewReader(lookup)
	s := settings{
		keyPath: env.Text("GATEHOUSE_KEY_PATH", keystore.PathForm, keystore.IsPath),
		header:  env.Text("GATEHOUSE_ORIGIN_HEADER", "a header's name in lower case, such as x-origin-verify", isHeaderName),
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

func (l limits) check(env *environ.Reader) {
	if l.ttl < l.refetch {
		env.Reject("GATEHOUSE_RING_TTL", l.ttl.String(), "at least GATEHOUSE_REFETCH_PERIOD, "+l.refetch.String())
	}
	if l.stale < l.ttl {
		env.Reject("GATEHOUSE_STALE_LIMIT", l.stale.String(), "at least GATEHOUSE_RING_TTL, "+l.ttl.String())
	}
}

func isHeaderName(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}
