package costs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMonth(t *testing.T) {
	stack := []Resource{lambda("model", 256), lambda("model-stream", 256), lambda("authorizer", 256), resource("aws:kms/key:Key", nil)}
	bill := func(requests Requests, ttl time.Duration) []Item {
		t.Helper()
		items, err := list(t).Month(stack, requests, ttl, 730*time.Hour)
		require.NoError(t, err)
		return items
	}
	none := bill(Requests{}, 5*time.Minute)
	assert.Equal(t, []Item{{"KMS key", 1, "keys", 1}}, none)

	items := bill(Requests{InOnePiece: 8e6, Streamed: 2e6}, 5*time.Minute)
	assert.InDelta(t, 10, find(t, items, "CloudFront, requests").USD, 1e-9, "of both kinds")
	assert.InDelta(t, 8, find(t, items, "HTTP API").USD, 1e-9)
	assert.InDelta(t, 7, find(t, items, "REST API").USD, 1e-9)
	assert.InDelta(t, 2*(0.2+60*0.25*1e6*0.0000133334), find(t, items, "Function that streams").USD, 1e-6)
	assert.InDelta(t, 2*8760, find(t, items, "Authorizer").Quantity, 0, "each API caches its decision for the time: no number of requests changes that")

	always := bill(Requests{InOnePiece: 8e6, Streamed: 2e6}, 0)
	assert.InDelta(t, 10e6, find(t, always, "Authorizer").Quantity, 0)

	_, err := list(t).Month(stack[:2], Requests{InOnePiece: 1}, 0, 0)
	require.ErrorContains(t, err, "-authorizer")
}

func TestWithoutModel(t *testing.T) {
	items, err := list(t).Month([]Resource{lambda("model", 256), lambda("authorizer", 256)}, Requests{InOnePiece: 1e6}, time.Minute, time.Hour)
	require.NoError(t, err)
	assert.InDelta(t, 10.5+28, Total(items)-Total(WithoutModel(items)), 1e-9, "the tokens of Amazon Nova Micro")
	find(t, WithoutModel(items), "Model's function")
}
