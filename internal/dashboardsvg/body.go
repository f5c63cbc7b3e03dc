package dashboardsvg

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// widget is a widget of a dashboard's body, with what the picture shows of it.
type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title       string
		Markdown    string
		Metrics     [][]any
		Alarms      []string // ARNs
		YAxis       struct{ Left struct{ Label string } }
		Annotations struct{ Horizontal []threshold }
	}
}

// threshold is a horizontal line in a graph.
type threshold struct {
	Label string
	Value float64
}

// parse reads a dashboard's body. The widgets are in the order in which they are read: from
// left to right and from top to bottom.
func parse(body string) ([]widget, error) {
	var dashboard struct{ Widgets []widget }
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		return nil, fmt.Errorf("the dashboard's body: %w", err)
	}
	if len(dashboard.Widgets) == 0 {
		return nil, fmt.Errorf("the dashboard's body has no widgets: %.60q", body)
	}
	for _, w := range dashboard.Widgets {
		if !slices.Contains([]string{textType, alarmType, metricType}, w.Type) {
			return nil, fmt.Errorf("the dashboard has a widget of type %q: teach internal/dashboardsvg to draw it", w.Type)
		}
	}
	slices.SortStableFunc(dashboard.Widgets, func(a, b widget) int {
		if a.Y != b.Y {
			return a.Y - b.Y
		}
		return a.X - b.X
	})
	return dashboard.Widgets, nil
}

const (
	textType   = "text"
	alarmType  = "alarm"
	metricType = "metric"
)

// legend returns the labels of a graph's lines.
func (w widget) legend() []string {
	var labels []string
	for _, metric := range w.Properties.Metrics {
		labels = append(labels, label(metric))
	}
	return labels
}

// label returns a metric's own label, or what CloudWatch names the line by. A metric is a
// list such as ["AWS/Lambda", "Errors", "FunctionName", "model", {"label": "failed"}].
func label(metric []any) string {
	options, _ := metric[len(metric)-1].(map[string]any)
	if own, found := options["label"].(string); found {
		return own
	}
	if expression, found := options["expression"].(string); found {
		return searched(expression)
	}
	if len(metric) > 1 {
		return fmt.Sprint(metric[1])
	}
	return fmt.Sprint(metric[0])
}

var schema = regexp.MustCompile(`^SEARCH\('\{([^}]*)\}`)

// searched names the lines that a search finds, one for each value of the dimensions whose
// value the search doesn't give. Another expression is named as it is.
func searched(expression string) string {
	match := schema.FindStringSubmatch(expression)
	if match == nil {
		return expression
	}
	var free []string
	for _, dimension := range strings.Split(match[1], ",")[1:] {
		if !strings.Contains(expression, dimension+"=") {
			free = append(free, dimension)
		}
	}
	return "one line for each " + strings.Join(free, " and ")
}

// alarmNames returns the names of a widget's alarms.
func (w widget) alarmNames() []string {
	var names []string
	for _, arn := range w.Properties.Alarms {
		names = append(names, arn[strings.LastIndex(arn, ":")+1:])
	}
	return names
}

// withoutPrefix returns names without their longest common prefix that ends with a hyphen.
func withoutPrefix(names []string) (short []string, prefix string) {
	if len(names) < 2 {
		return names, ""
	}
	first, last := slices.Min(names), slices.Max(names)
	end := 0
	for i := range min(len(first), len(last)) {
		if first[i] != last[i] {
			break
		}
		if first[i] == '-' {
			end = i + 1
		}
	}
	for _, name := range names {
		short = append(short, name[end:])
	}
	return short, first[:end]
}

var (
	markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	markdownMark = strings.NewReplacer("`", "", "**", "")
)

// plain returns a line of Markdown as text.
func plain(markdown string) string {
	return markdownMark.Replace(markdownLink.ReplaceAllString(strings.TrimLeft(markdown, "# "), "$1"))
}
