package dashboardsvg

import (
	"fmt"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
)

// typeface measures text. A reader's font is not known: the widths are those of the Go fonts,
// enlarged to those of DejaVu Sans, the widest of the fonts that the picture asks for.
type typeface struct {
	face    font.Face // of 1000 units
	enlarge float64
}

var (
	regular = load(goregular.TTF, 1.15)
	bold    = load(gobold.TTF, 1.2)
)

func load(ttf []byte, enlarge float64) typeface {
	parsed, err := opentype.Parse(ttf)
	if err == nil {
		var face font.Face
		if face, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: 1000, DPI: 72, Hinting: font.HintingNone}); err == nil {
			return typeface{face, enlarge}
		}
	}
	panic(fmt.Sprintf("a font of golang.org/x/image can't be read: %v", err))
}

// width estimates the width of text of a size.
func (t typeface) width(text string, size float64) float64 {
	return float64(font.MeasureString(t.face, text)) / 64 / 1000 * size * t.enlarge
}

// fit returns the text, or as much of it as fits a width, with an ellipsis.
func (t typeface) fit(text string, size, width float64) string {
	const rounding = 0.01
	if t.width(text, size) <= width+rounding {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 {
		runes = runes[:len(runes)-1]
		if cut := strings.TrimRight(string(runes), " ") + "…"; t.width(cut, size) <= width {
			return cut
		}
	}
	return ""
}

// wrap breaks text into lines of a width.
func (t typeface) wrap(text string, size, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && t.width(longer, size) > width {
			lines = append(lines, t.fit(line, size, width))
			longer = word
		}
		line = longer
	}
	return append(lines, t.fit(line, size, width))
}
