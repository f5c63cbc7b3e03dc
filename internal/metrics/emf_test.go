package metrics_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

func TestWrite(t *testing.T) {
	var out strings.Builder
	at := time.Date(2026, 1, 31, 12, 0, 0, 123e6, time.UTC)
	require.NoError(t, metrics.Write(&out, at, "gatehouse-dev",
		metrics.Seconds(metrics.KeyAge, 90*time.Minute), metrics.Count(metrics.RingSize, 2)))
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
	assert.JSONEq(t, `{
		"_aws": {"Timestamp": 1769860800123, "CloudWatchMetrics": [{
			"Namespace": "Gatehouse", "Dimensions": [["Stack"]],
			"Metrics": [{"Name": "KeyAge", "Unit": "Seconds"}, {"Name": "RingSize", "Unit": "Count"}]
		}]},
		"Stack": "gatehouse-dev", "KeyAge": 5400, "RingSize": 2
	}`, out.String())
}

func TestWriteSaysWhenItCannot(t *testing.T) {
	require.ErrorContains(t, metrics.Write(full{}, time.Now(), "gatehouse-dev"), "disk full")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
