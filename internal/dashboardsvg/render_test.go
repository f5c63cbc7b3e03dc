package dashboardsvg

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// picture has the elements of a picture that tests look at.
type picture struct {
	Role        string `xml:"role,attr"`
	Title       string `xml:"title"`
	Description string `xml:"desc"`
	Groups      []struct {
		Rects []struct {
			Class  string  `xml:"class,attr"`
			X      float64 `xml:"x,attr"`
			Y      float64 `xml:"y,attr"`
			Width  float64 `xml:"width,attr"`
			Height float64 `xml:"height,attr"`
		} `xml:"rect"`
		Texts []struct {
			Class  string  `xml:"class,attr"`
			Anchor string  `xml:"text-anchor,attr"`
			X      float64 `xml:"x,attr"`
			Y      float64 `xml:"y,attr"`
			Text   string  `xml:",chardata"`
		} `xml:"text"`
	} `xml:"g"`
}

func draw(t *testing.T, widgets ...any) picture {
	t.Helper()
	body, err := json.Marshal(map[string]any{"widgets": widgets})
	require.NoError(t, err)
	svg, err := Render("a <dashboard>", string(body))
	require.NoError(t, err)
	var p picture
	require.NoError(t, xml.Unmarshal([]byte(svg), &p))
	return p
}

func (p picture) texts() (all []string) {
	for _, group := range p.Groups {
		for _, text := range group.Texts {
			all = append(all, text.Text)
		}
	}
	return all
}

func at(typ string, x, y, width, height int, properties map[string]any) map[string]any {
	return map[string]any{"type": typ, "x": x, "y": y, "width": width, "height": height, "properties": properties}
}

func graph(x, width int, title, unit string, labels ...string) map[string]any {
	var metrics []any
	for _, label := range labels {
		metrics = append(metrics, []any{"AWS/Lambda", "Errors", map[string]any{"label": label}})
	}
	return at("metric", x, 0, width, 6, map[string]any{
		"title": title, "metrics": metrics, "yAxis": map[string]any{"left": map[string]any{"label": unit}},
		"annotations": map[string]any{"horizontal": []any{map[string]any{"label": "alarm", "value": 43200}}},
	})
}

func TestWidgetsShowWhatTheyHave(t *testing.T) {
	p := draw(
		t,
		graph(0, 24, "Age", "s", "of the key", "a < b"),
		at("text", 0, 6, 24, 2, map[string]any{"markdown": "# The `stack`\nSee [the runbook](https://example.com)."}),
		at("alarm", 0, 8, 24, 4, map[string]any{"title": "Alarms", "alarms": []string{
			"arn:aws:cloudwatch:us-east-1:1:alarm:stack-api-errors", "arn:aws:cloudwatch:us-east-1:1:alarm:stack-api-slow",
		}}),
	)
	assert.Equal(t, []string{
		"Age", "s", "alarm: 43,200 s", "of the key", "a < b",
		"The stack", "See the runbook.",
		"2 alarms of stack-api", "Alarms", "errors", "slow",
	}, p.texts())
	assert.Equal(t, "img", p.Role)
	assert.Equal(t, "a <dashboard>", p.Title)
	assert.Equal(t, "Graph Age: of the key, a < b. The stack. Alarms: stack-api-errors, stack-api-slow.", p.Description)
}

func TestWidgetsAreAtTheirPlaces(t *testing.T) {
	p := draw(t, graph(12, 12, "right", "s", "a"), graph(0, 12, "left", "s", "a"), at("text", 0, 6, 24, 1, map[string]any{"markdown": "## below"}))
	require.Len(t, p.Groups, 3)
	left, right, below := p.Groups[0].Rects[0], p.Groups[1].Rects[0], p.Groups[2].Rects[0]
	assert.Equal(t, "left", p.Groups[0].Texts[0].Text, "from left to right, in any order in the body")
	assert.InDelta(t, left.X+left.Width+2*gap, right.X, 0.2)
	assert.InDelta(t, left.Width, right.Width, 0)
	assert.InDelta(t, left.Y+left.Height+2*gap, below.Y, 0)
	assert.InDelta(t, right.X+right.Width, below.X+below.Width, 0.2)
}

func TestNoTextLeavesItsBoxOrTouchesAnother(t *testing.T) {
	long := strings.Repeat("a long name ", 30)
	var names, labels []string
	for i := range 99 {
		names = append(names, fmt.Sprintf("arn:aws:cloudwatch:us-east-1:1:alarm:stack-%d-%s", i, strings.Repeat("long-", i%40)))
		labels = append(labels, fmt.Sprintf("label %d %s", i, strings.Repeat("W", i%50)))
	}
	assertTextsFit(t, draw(
		t,
		graph(0, 4, long, long, labels...), graph(4, 5, "a", "s", labels[:8]...), graph(9, 15, "WWW", long, "a", long),
		at("text", 0, 6, 24, 1, map[string]any{"markdown": "## " + long}),
		at("text", 0, 7, 24, 3, map[string]any{"markdown": "# " + long + "\n" + long + long + long}),
		at("alarm", 0, 10, 24, 4, map[string]any{"title": long, "alarms": names}),
		at("alarm", 0, 14, 6, 4, map[string]any{"title": "some", "alarms": names[:3]}),
	))
}

// assertTextsFit measures each text of a widget. Those on one line must have a distance.
func assertTextsFit(t *testing.T, p picture) {
	t.Helper()
	for _, group := range p.Groups {
		outer := group.Rects[0]
		type drawn struct{ left, right, y float64 }
		var before []drawn
		for _, text := range group.Texts {
			face, size := regular, float64(noteSize)
			switch text.Class {
			case "name":
				face, size = bold, nameSize
			case "head":
				face, size = bold, headSize
			}
			width := face.width(text.Text, size)
			left := text.X
			if text.Anchor == "end" {
				left -= width
			}
			d := drawn{left, left + width, text.Y}
			const rounding = 0.2
			assert.GreaterOrEqual(t, d.left, outer.X+padding-rounding, text.Text)
			assert.LessOrEqual(t, d.right, outer.X+outer.Width-padding+rounding, text.Text)
			assert.GreaterOrEqual(t, d.y-size, outer.Y, text.Text)
			assert.LessOrEqual(t, d.y+size/4, outer.Y+outer.Height, text.Text)
			for _, other := range before {
				apart := d.y-other.y >= size || other.y-d.y >= size || d.left >= other.right+4 || d.right+4 <= other.left
				assert.True(t, apart, "%q touches another text", text.Text)
			}
			before = append(before, d)
		}
	}
}

func TestEntriesBeyondTheRoomAreCounted(t *testing.T) {
	l := arrange([]string{"one", "two", "three", "four", "five"}, 80, 0, 2)
	assert.Equal(t, 1, l.columns)
	assert.Equal(t, []string{"one", "and 4 more"}, l.entries)
	assert.Equal(t, 2, l.rows())

	l = arrange([]string{"p50", "p95", "p99"}, 300, 20, 3)
	assert.Equal(t, []string{"p50", "p95", "p99"}, l.entries)
	assert.Equal(t, 1, l.rows())
}

func TestLabels(t *testing.T) {
	for want, metric := range map[string][]any{
		"failed":                           {"AWS/Lambda", "Errors", map[string]any{"label": "failed"}},
		"Errors":                           {"AWS/Lambda", "Errors", "FunctionName", "model"},
		"one line for each ErrorType":      {map[string]any{"expression": `SEARCH('{Gatehouse,Stack,ErrorType} MetricName="Errors" Stack="prod"', 'Sum')`}},
		"one line for each Stack and Zone": {map[string]any{"expression": `SEARCH('{Gatehouse,Stack,Zone} MetricName="Errors"', 'Sum')`}},
		"a + b":                            {map[string]any{"expression": "a + b"}},
	} {
		assert.Equal(t, want, label(metric))
	}
}

func TestWithoutPrefix(t *testing.T) {
	short, prefix := withoutPrefix([]string{"stack-streams-cut", "stack-streaming-errors", "stack-api"})
	assert.Equal(t, []string{"streams-cut", "streaming-errors", "api"}, short)
	assert.Equal(t, "stack-", prefix)
	short, prefix = withoutPrefix([]string{"stack-api"})
	assert.Equal(t, []string{"stack-api"}, short)
	assert.Empty(t, prefix)
}

func TestThousands(t *testing.T) {
	for want, value := range map[string]float64{"0": 0, "900": 900, "43,200": 43200, "1,234,567": 1234567, "2.5": 2.5, "-100": -100} {
		assert.Equal(t, want, thousands(value))
	}
}

func TestUnknownBodiesAreErrors(t *testing.T) {
	for body, want := range map[string]string{
		"not JSON":                        "the dashboard's body: invalid character",
		"{}":                              "has no widgets",
		`{"widgets":[{"type":"custom"}]}`: `a widget of type "custom": teach internal/dashboardsvg to draw it`,
	} {
		_, err := Render("a title", body)
		assert.ErrorContains(t, err, want)
	}
}
