package observability

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
)

// The grid of a dashboard is 24 units wide.
const (
	gridWidth   = 24
	graphHeight = 6
)

// section holds graphs side by side on the dashboard, below a heading.
type section struct {
	heading string // Markdown
	graphs  []graph
}

// graph describes one graph.
type graph struct {
	title  string
	region string // of the metrics
	unit   string // the name of the axis
	lines  []line
	bound  float64 // drawn as a line; zero for none
}

// line describes one metric in a graph, or an expression that finds several.
type line struct {
	label  string
	metric alerting.Metric
	search pulumi.StringInput
}

// grid lays sections out, the first one at y.
func grid(sections []section, y int) []any {
	var widgets []any
	for _, s := range sections {
		widgets = append(widgets, text(s.heading, y, 1))
		y++
		width := gridWidth / len(s.graphs)
		for i, g := range s.graphs {
			widgets = append(widgets, map[string]any{
				"type": "metric", "x": i * width, "y": y, "width": width, "height": graphHeight, "properties": g.properties(),
			})
		}
		y += graphHeight
	}
	return widgets
}

func text(markdown string, y, height int) map[string]any {
	return map[string]any{
		"type": "text", "x": 0, "y": y, "width": gridWidth, "height": height,
		"properties": map[string]any{"markdown": markdown},
	}
}

func (g graph) properties() map[string]any {
	var lines []any
	for _, l := range g.lines {
		lines = append(lines, l.source())
	}
	properties := map[string]any{
		"title": g.title, "region": g.region, "view": "timeSeries", "period": int(period.Seconds()), "metrics": lines,
		"yAxis": map[string]any{"left": map[string]any{"min": 0, "label": g.unit, "showUnits": false}},
	}
	if g.bound > 0 {
		properties["annotations"] = map[string]any{
			"horizontal": []any{map[string]any{"label": "alarm", "value": g.bound}},
		}
	}
	return properties
}

// source returns the metric as a dashboard's body has it: ["AWS/Lambda", "Errors",
// "FunctionName", "…", {…}].
func (l line) source() []any {
	if l.search != nil {
		return []any{map[string]any{"expression": l.search}}
	}
	source := []any{l.metric.Namespace, l.metric.Name}
	for _, dimension := range slices.Sorted(maps.Keys(l.metric.Dimensions)) {
		source = append(source, dimension, l.metric.Dimensions[dimension])
	}
	return append(source, map[string]any{"stat": l.metric.Statistic, "label": l.label})
}
