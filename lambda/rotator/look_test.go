package main

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The order is part of the protocol: the clock, the distribution, the keyring.
func TestLooksInTheOrderOfTheProtocol(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		time.Sleep(deployTime)
		var order []string
		w.hook = func(ctx context.Context, _ int, operation string, after bool) error {
			if !after {
				order = append(order, operation)
				time.Sleep(5 * time.Second)
			}
			return nil
		}
		r := w.rotator()
		e, err := parseEvent(eventOf("tick"))
		require.NoError(t, err)
		began := r.now()
		seen, err := r.look(t.Context(), r.target(e))
		require.NoError(t, err)
		assert.Equal(t, []string{"GetDistribution", "GetParametersByPath"}, slices.Compact(order))
		assert.True(t, seen.Now.Equal(began), "the clock was read before anything")
		assert.True(t, seen.DeployedSince.Equal(began.Add(5*time.Second)), "Deployed is known when the answer is there")
	})
}
