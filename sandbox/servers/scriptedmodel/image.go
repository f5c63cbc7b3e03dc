package scriptedmodel

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"strings"
)

// seenImage has what the model sees of an image.
type seenImage struct {
	format        string
	width, height int
	color         string // the one that most of it has
}

// String describes the image in a sentence.
func (s seenImage) String() string {
	return fmt.Sprintf("The image is a %s of %dx%d pixels, mostly %s.", strings.ToUpper(s.format), s.width, s.height, s.color)
}

// look decodes the image of a data URL.
func look(url string) (seenImage, error) {
	_, data, err := parseDataURL(url)
	if err != nil {
		return seenImage{}, refuse("messages", "invalid_image_url", "Invalid image URL: %v.", err)
	}
	decoded, format, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return seenImage{}, refuse("messages", "invalid_image_format",
			"You uploaded an unsupported image. Please make sure your image has one of the following formats: ['png', 'jpeg', 'gif', 'webp'].")
	}
	size := decoded.Bounds().Size()
	return seenImage{format, size.X, size.Y, dominantColor(decoded)}, nil
}

// samples is the number of pixels that are looked at in each direction.
const samples = 64

// dominantColor returns the name of the color that most pixels have.
func dominantColor(i image.Image) string {
	bounds, found := i.Bounds(), map[string]int{}
	best := ""
	stepX, stepY := max(1, bounds.Dx()/samples), max(1, bounds.Dy()/samples)
	for y := bounds.Min.Y; y < bounds.Max.Y; y += stepY {
		for x := bounds.Min.X; x < bounds.Max.X; x += stepX {
			name := colorName(i.At(x, y))
			found[name]++
			if found[name] > found[best] {
				best = name
			}
		}
	}
	return best
}

// palette has the colors that have a name.
var palette = []struct {
	name    string
	r, g, b int
}{
	{"black", 0, 0, 0},
	{"white", 255, 255, 255},
	{"gray", 128, 128, 128},
	{"red", 220, 30, 30},
	{"green", 20, 160, 40},
	{"green", 0, 255, 0},
	{"blue", 20, 40, 220},
	{"yellow", 245, 225, 40},
	{"orange", 250, 140, 10},
	{"purple", 128, 20, 150},
	{"pink", 250, 150, 180},
	{"brown", 120, 70, 30},
	{"cyan", 20, 220, 230},
	{"magenta", 240, 20, 230},
}

// colorName returns the name of the nearest color of the palette.
func colorName(c color.Color) string {
	r16, g16, b16, a16 := c.RGBA()
	if a16 < 1<<15 {
		return "transparent"
	}
	r, g, b := int(r16>>8), int(g16>>8), int(b16>>8)
	best, nearest := "", 1<<30
	for _, p := range palette {
		distance := (r-p.r)*(r-p.r) + (g-p.g)*(g-p.g) + (b-p.b)*(b-p.b)
		if distance < nearest {
			best, nearest = p.name, distance
		}
	}
	return best
}
