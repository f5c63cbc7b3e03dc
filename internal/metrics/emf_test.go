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
		metrics.Seconds(metrics.KeyAge, 90*time.Minute), metrics.Count(metrics.KeyringSize, 2)))
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
	assert.JSONEq(t, `{
		"_aws": {"Timestamp": 1769860800123, "CloudWatchMetrics": [{
			"Namespace": "Gatehouse", "Dimensions": [["Stack"]],
			"Metrics": [{"Name": "KeyAge", "Unit": "Seconds"}, {"Name": "RingSize", "Unit": "Count"}]
		}]},
		"Stack": "gatehouse-dev", "KeyAge": 5400, "RingSize": 2
	}`, out.String())
}

func TestGroupsHaveDimensionsOfTheirOwn(t *testing.T) {
	var out strings.Builder
	require.NoError(t, metrics.WriteGroups(&out, time.UnixMilli(7), "gatehouse-dev",
		metrics.Group{Values: []metrics.Value{metrics.Count(metrics.Requests, 1)}},
		metrics.Group{
			Dimension: metrics.ModelDimension, Name: "amazon.nova-micro-v1:0",
			Values: []metrics.Value{metrics.Seconds(metrics.ModelLatency, 1500*time.Millisecond), metrics.Count(metrics.InputTokens, 3)},
		}))
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
	assert.JSONEq(t, `{
		"_aws": {"Timestamp": 7, "CloudWatchMetrics": [
			{"Namespace": "Gatehouse", "Dimensions": [["Stack"]], "Metrics": [{"Name": "Requests", "Unit": "Count"}]},
			{"Namespace": "Gatehouse", "Dimensions": [["Stack"], ["Stack", "Model"]], "Metrics": [
				{"Name": "ModelLatency", "Unit": "Seconds"}, {"Name": "InputTokens", "Unit": "Count"}
			]}
		]},
		"Stack": "gatehouse-dev", "Model": "amazon.nova-micro-v1:0", "Requests": 1, "ModelLatency": 1.5, "InputTokens": 3
	}`, out.String())
}

func TestTimesOfStreamsAreInSeconds(t *testing.T) {
	var out strings.Builder
	require.NoError(t, metrics.Write(&out, time.UnixMilli(7), "gatehouse-dev",
		metrics.Seconds(metrics.FirstToken, 300*time.Millisecond), metrics.Seconds(metrics.StreamSeconds, time.Minute), metrics.Count(metrics.StreamsCut, 1)))
	assert.Contains(t, out.String(), `{"Name":"FirstToken","Unit":"Seconds"},{"Name":"StreamSeconds","Unit":"Seconds"},{"Name":"StreamsCut","Unit":"Count"}`)
}

func TestMoneyHasNoUnit(t *testing.T) {
	var out strings.Builder
	require.NoError(t, metrics.Write(&out, time.UnixMilli(7), "gatehouse-dev", metrics.Dollars(metrics.Spend, 0.000196), metrics.Count(metrics.HoldsExpired, 1)))
	assert.Contains(t, out.String(), `{"Name":"Spend","Unit":"None"},{"Name":"HoldsExpired","Unit":"Count"}`)
	assert.Contains(t, out.String(), `"Spend":0.000196`)
}

func TestWriteSaysWhenItCannot(t *testing.T) {
	require.ErrorContains(t, metrics.Write(full{}, time.Now(), "gatehouse-dev"), "disk full")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
