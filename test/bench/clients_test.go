package bench

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/secret"
)

func TestClientsAreComparedWithAnOpenAPI(t *testing.T) {
	rows := clientsRows(&admitting{name: "with clients", times: []float64{15, 16, 17, 90}}, &admitting{name: "open", times: []float64{10, 11, 12, 13}})
	require.Len(t, rows, 4)
	assert.InDelta(t, 5, rows[1].Ours, 0.001)
	assert.True(t, rows[1].Met())
	assert.InDelta(t, 77, rows[3].Ours, 0.001)
	assert.False(t, rows[3].Met(), "a tail of 77 ms misses the goal")
}

func TestTheClientsEventIsOfAnHTTPAPI(t *testing.T) {
	payload, err := Admission{Prefix: "/api", Key: secret.New("k")}.event()
	require.NoError(t, err)
	var event struct {
		Version, RawPath, Body string
		Headers                map[string]string
	}
	require.NoError(t, json.Unmarshal(payload, &event))
	assert.Equal(t, "2.0", event.Version)
	assert.Equal(t, "/api/models", event.RawPath)
	assert.Equal(t, "Bearer k", event.Headers["authorization"])
	assert.True(t, json.Valid([]byte(event.Body)))
}
