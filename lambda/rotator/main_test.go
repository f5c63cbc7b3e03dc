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
	for name, value := range testEnvironment.Variables() {
		t.Setenv(name, value)
	}
	for name, value := range map[string]string{"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"} {
		t.Setenv(name, value)
	}
	r, err := newRotator(t.Context())
	require.NoError(t, err)
	assert.Equal(t, testEnvironment, r.env)
	assert.WithinDuration(t, time.Now(), r.now(), time.Minute)
}
