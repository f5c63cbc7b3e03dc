package main

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var goodEnvironment = map[string]string{
	"GATEHOUSE_KEY_PATH":       "/gatehouse/test/origin-key",
	"GATEHOUSE_ORIGIN_HEADER":  "x-origin-verify",
	"GATEHOUSE_RING_TTL":       "60s",
	"GATEHOUSE_REFETCH_PERIOD": "10s",
	"GATEHOUSE_STALE_LIMIT":    "1h",
}

func lookup(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		text, ok := variables[name]
		return text, ok
	}
}

func TestReadSettings(t *testing.T) {
	got, err := readSettings(lookup(goodEnvironment))
	require.NoError(t, err)
	assert.Equal(t, settings{
		keyPath: "/gatehouse/test/origin-key",
		header:  "x-origin-verify",
		limits:  limits{ttl: time.Minute, refetch: 10 * time.Second, stale: time.Hour},
	}, got)
}

func TestReadSettingsNamesEveryVariableThatIsMissing(t *testing.T) {
	_, err := readSettings(lookup(nil))
	for name := range goodEnvironment {
		assert.ErrorContains(t, err, name)
	}
}

func TestReadSettingsRefuses(t *testing.T) {
	for name, bad := range map[string][]string{
		"GATEHOUSE_KEY_PATH":       {"", "gatehouse", "/gatehouse/"},
		"GATEHOUSE_ORIGIN_HEADER":  {"", "X-Origin-Verify", "a b", "a:b"},
		"GATEHOUSE_RING_TTL":       {"", "60", "9s", "16m"},
		"GATEHOUSE_REFETCH_PERIOD": {"", "0s", "2m"},
		"GATEHOUSE_STALE_LIMIT":    {"", "30s", "48h"},
	} {
		for _, given := range bad {
			variables := maps.Clone(goodEnvironment)
			variables[name] = given
			_, err := readSettings(lookup(variables))
			require.ErrorContains(t, err, name, "%q", given)
		}
	}
}
