package main

import (
	"encoding/xml"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drawn has the elements of a picture that tests look at.
type drawn struct {
	Role        string `xml:"role,attr"`
	ViewBox     string `xml:"viewBox,attr"`
	Title       string `xml:"title"`
	Description string `xml:"desc"`
	Window      struct {
		Width float64 `xml:"width,attr"`
	} `xml:"rect"`
	Lines []struct {
		Y      float64 `xml:"y,attr"`
		Inner  string  `xml:",innerxml"`
		Pieces []struct {
			Class  string  `xml:"class,attr"`
			X      float64 `xml:"x,attr"`
			Length float64 `xml:"textLength,attr"`
			Text   string  `xml:",chardata"`
		} `xml:"tspan"`
	} `xml:"text"`
}

func parse(t *testing.T, svg string) drawn {
	t.Helper()
	var d drawn
	require.NoError(t, xml.Unmarshal([]byte(svg), &d))
	return d
}

var tag = regexp.MustCompile(`<[^>]*>`)

// lines returns the text of each line, as a reader who selects it gets it.
func (d drawn) lines() (all []string) {
	for _, line := range d.Lines {
		all = append(all, html.UnescapeString(tag.ReplaceAllString(line.Inner, "")))
	}
	return all
}

func TestTextStaysText(t *testing.T) {
	d := parse(t, picture([]string{"✓ tools   complete  0.1s", "", `  curl -d '{"a": "<b>"}' && true`}))
	assert.Equal(t, []string{"$ make local", "✓ tools   complete  0.1s", `curl -d '{"a": "<b>"}' && true`}, d.lines())
	assert.InDelta(t, 2*lineHeight, d.Lines[2].Y-d.Lines[1].Y, 0, "an empty line takes room")
	assert.Equal(t, "img", d.Role)
	assert.NotEmpty(t, d.Title)
	assert.NotEmpty(t, d.Description)
}

// A browser stretches a piece to its length: with the spaces that follow, which it leaves out,
// the letters would be far apart.
func TestPiecesAreAsLongAsTheirText(t *testing.T) {
	pieces := parse(t, picture([]string{"✓ tools   complete  0.1s"})).Lines[1].Pieces
	require.Len(t, pieces, 4)
	assert.Equal(t, "tools", pieces[1].Text)
	assert.InDelta(t, 5*charWidth, pieces[1].Length, 0.1)
	assert.InDelta(t, margin+10*charWidth, pieces[2].X, 0.1)
}

func TestPiecesAreAtTheirColumns(t *testing.T) {
	assert.Equal(t, []piece{{"passed", 2, "✓ "}, {"", 4, "one check   "}, {"", 16, "200"}}, pieces("  ✓ one check   200"))
	assert.Equal(t, []piece{{"failed", 0, "✗ "}, {"", 2, "deploy"}}, pieces("✗ deploy"))
	assert.Equal(t, []piece{{"note", 2, "– "}, {"", 4, "TLS"}}, pieces("  – TLS"))
	assert.Equal(t, []piece{{"note", 4, "want  "}, {"note", 10, "got"}}, pieces("    want  got"))
	assert.Equal(t, []piece{{"note", 2, "… and 2 more"}}, pieces("  … and 2 more"))
	assert.Equal(t, []piece{{"", 0, "Gatehouse is up."}}, pieces("Gatehouse is up."))
}

func TestNoLineLeavesTheWindow(t *testing.T) {
	lines, err := excerpt(sample(t), root, folders)
	require.NoError(t, err)
	d := parse(t, picture(lines))
	widest := 0.0
	for _, line := range d.Lines {
		end := margin
		for _, piece := range line.Pieces {
			assert.GreaterOrEqual(t, piece.X, float64(end)-0.2, piece.Text)
			end = int(piece.X + piece.Length)
			widest = max(widest, piece.X+piece.Length)
		}
	}
	assert.InDelta(t, d.Window.Width+1-margin, widest, 2, "the window is as wide as its longest line")
}

// The picture in the documents says nothing about the machine that it was made on, and shows
// a run that succeeded.
func TestDocument(t *testing.T) {
	svg, err := os.ReadFile("../../../docs/local.svg")
	require.NoError(t, err)
	text := strings.Join(parse(t, string(svg)).lines(), "\n")
	assert.NotRegexp(t, `(^|[\s'"=(])/(home|root|Users|work|tmp|var|opt|mnt|srv|private)/`, text)
	assert.Contains(t, text, "Gatehouse is up")
	assert.NotContains(t, text, "✗")
}
