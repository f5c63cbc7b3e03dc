package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRefusedEnvironment(t *testing.T) {
	t.Setenv("GATEHOUSE_STACK", "")
	_, err := newRotator(t.Context())
	require.ErrorContains(t, err, "GATEHOUSE_KEY_PATH is not set")
}

func TestNewRotator(t *testing.T) {
	for name, text := range map[string]string{
		"GATEHOUSE_STACK": "gatehouse-test", "GATEHOUSE_KEY_PATH": testPath, "GATEHOUSE_KMS_KEY": testKMS, "GATEHOUSE_ORIGIN_HEADER": testHeader, "GATEHOUSE_API_PREFIX": "/api",
		"GATEHOUSE_INTERVAL": "6h", "GATEHOUSE_SETTLE": "30s", "GATEHOUSE_GRACE": "30m", "GATEHOUSE_DRAIN": "1m", "GATEHOUSE_RING_TTL": "1m", "GATEHOUSE_CACHE_TIME": "6m",
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	} {
		t.Setenv(name, text)
	}
	r, err := newRotator(t.Context())
	require.NoError(t, err)
	assert.Equal(t, testSettings, r.settings)
	assert.WithinDuration(t, time.Now(), r.now(), time.Minute)
}
