package metrics

import (
	"encoding/json"
	"io"
	"time"
)

// Value is one measurement. Its unit follows from its name.
type Value struct {
	Name  string
	Value float64
}

// Seconds measures a time.
func Seconds(name string, d time.Duration) Value { return Value{name, d.Seconds()} }

// Count measures a number of things.
func Count(name string, n int) Value { return Value{name, float64(n)} }

// units are those of the metrics that are no counts.
var units = map[string]string{
	KeyAge:       "Seconds",
	Duration:     "Seconds",
	DeployingFor: "Seconds",
}

// Write writes one line in CloudWatch's embedded metric format, which makes metrics
// of what a function logs: it calls nothing and needs no permission.
func Write(w io.Writer, at time.Time, stack string, values ...Value) error {
	type metric struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	list := make([]metric, len(values))
	line := map[string]any{StackDimension: stack}
	for i, v := range values {
		unit, ok := units[v.Name]
		if !ok {
			unit = "Count"
		}
		list[i] = metric{v.Name, unit}
		line[v.Name] = v.Value
	}
	line["_aws"] = map[string]any{
		"Timestamp":         at.UnixMilli(),
		"CloudWatchMetrics": []directive{{Namespace, [][]string{{StackDimension}}, list}},
	}
	return json.NewEncoder(w).Encode(line)
}
