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
	ModelLatency: "Seconds",
}

// Group is measurements that are kept for the stack as a whole and, where a
// dimension is named, apart for each name in it.
type Group struct {
	Dimension, Name string
	Values          []Value
}

// Write writes one line in CloudWatch's embedded metric format, which makes metrics
// of what a function logs: it calls nothing and needs no permission.
func Write(w io.Writer, at time.Time, stack string, values ...Value) error {
	return WriteGroups(w, at, stack, Group{Values: values})
}

// WriteGroups is [Write] for measurements with dimensions of their own.
func WriteGroups(w io.Writer, at time.Time, stack string, groups ...Group) error {
	type metric struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	line := map[string]any{StackDimension: stack}
	directives := make([]directive, len(groups))
	for i, g := range groups {
		d := directive{Namespace: Namespace, Dimensions: [][]string{{StackDimension}}}
		if g.Dimension != "" {
			d.Dimensions = append(d.Dimensions, []string{StackDimension, g.Dimension})
			line[g.Dimension] = g.Name
		}
		for _, v := range g.Values {
			unit, ok := units[v.Name]
			if !ok {
				unit = "Count"
			}
			d.Metrics = append(d.Metrics, metric{v.Name, unit})
			line[v.Name] = v.Value
		}
		directives[i] = d
	}
	line["_aws"] = map[string]any{"Timestamp": at.UnixMilli(), "CloudWatchMetrics": directives}
	return json.NewEncoder(w).Encode(line)
}
