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

// Seconds returns a measured duration.
func Seconds(name string, d time.Duration) Value { return Value{name, d.Seconds()} }

// Count returns a measured number.
func Count(name string, n int) Value { return Value{name, float64(n)} }

// Dollars returns an amount of money.
func Dollars(name string, dollars float64) Value { return Value{name, dollars} }

// units has the units of the metrics that are no counts.
var units = map[string]string{
	KeyAge:       "Seconds",
	Duration:     "Seconds",
	DeployingFor: "Seconds",
	ModelLatency: "Seconds",

	FirstToken:    "Seconds",
	StreamSeconds: "Seconds",

	Spend: "None", // CloudWatch has no unit of money
}

// Group has measurements that are recorded for the stack as a whole and, if there is a
// dimension, separately for each name of it.
type Group struct {
	Dimension, Name string
	Values          []Value
}

// Write writes one line in CloudWatch's embedded metric format. CloudWatch extracts metrics
// from the log: the function calls no API and needs no permission.
func Write(w io.Writer, at time.Time, stack string, values ...Value) error {
	return WriteGroups(w, at, stack, Group{Values: values})
}

// WriteGroups writes like [Write], with a dimension for each group.
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
