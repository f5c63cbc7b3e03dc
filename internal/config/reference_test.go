package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptionsAreTheKeysThatAreRead(t *testing.T) {
	r := newReader(nil)
	read(r)
	options := Options()
	require.Len(t, options, len(r.specs))
	for _, key := range options {
		assert.Equal(t, r.specs[key.Name], spec{typ: key.Type, defaultValue: key.Default}, key.Name)
	}
}

func TestOptionsSayWhatErrorsSay(t *testing.T) {
	allowed := map[string]string{}
	for _, key := range Options() {
		assert.NotContains(t, key.Allowed, "\n", key.Name)
		assert.NotContains(t, key.Allowed, impossible, key.Name)
		allowed[key.Name] = key.Allowed
	}
	assert.Equal(t, "an AWS region such as us-east-1", allowed["aws:region"])
	assert.Equal(t, "one of arm64, x86_64", allowed["gatehouse:lambdaArchitecture"])
	assert.Equal(t, "a whole number from 1 to 65536", allowed["gatehouse:modelMaxTokens"])
	assert.Equal(t, "a duration from 0s to 1h in whole seconds, such as 90s, 5m or 6h", allowed["gatehouse:authorizerTtl"])
	assert.Equal(t, "a list in which each is an IPv4 network such as 10.1.0.0/16", allowed["gatehouse:networkPeerCidrs"])
}
