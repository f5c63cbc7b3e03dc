package client_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/client"
)

func TestLastUse(t *testing.T) {
	assert.Zero(t, client.Record{}.LastUse())
	now := time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)
	r := client.Record{Minutes: map[string]int64{client.Minute(now.Add(-time.Hour)): 3, client.Minute(now): 1}}
	assert.Equal(t, now.Truncate(time.Minute), r.LastUse())
}
