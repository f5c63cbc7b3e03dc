package api

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// Data URLs of the smallest files of their kinds.
const (
	gif1x1 = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
	webp1  = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="
	gifURL = "data:image/gif;base64," + gif1x1
	pdfURL = "data:application/pdf;base64,JVBERi0xLjcKJSVFT0YK" // %PDF-1.7 %%EOF
)

func dataURLOf(mediaType string, data []byte) string {
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(data)
}

func TestImages(t *testing.T) {
	picture := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black})
	var asPNG, asJPEG, asGIF bytes.Buffer
	require.NoError(t, png.Encode(&asPNG, picture))
	require.NoError(t, jpeg.Encode(&asJPEG, picture, nil))
	require.NoError(t, gif.Encode(&asGIF, picture, nil))
	for url, want := range map[string]*chat.Image{
		dataURLOf("image/png", asPNG.Bytes()):            {Format: "png", Width: 3, Height: 2},
		dataURLOf("image/jpeg", asJPEG.Bytes()):          {Format: "jpeg", Width: 3, Height: 2},
		dataURLOf("image/jpg", asJPEG.Bytes()):           {Format: "jpeg", Width: 3, Height: 2},
		dataURLOf("IMAGE/GIF;name=a", asGIF.Bytes()):     {Format: "gif", Width: 3, Height: 2},
		dataURLOf("image/png", asGIF.Bytes()):            {Format: "gif", Width: 3, Height: 2},
		"data:image/webp;base64," + webp1:                {Format: "webp", Width: 1, Height: 1},
		"DATA:image/webp;base64," + webp1[:len(webp1)-2]: {Format: "webp", Width: 1, Height: 1}, // without padding
	} {
		got, problem := imageOf(url)
		require.Empty(t, problem, url)
		assert.NotEmpty(t, got.Data)
		got.Data = nil
		assert.Equal(t, want, got, url)
	}
}

func TestOtherURLsAreNoImages(t *testing.T) {
	for url, want := range map[string]string{
		"https://example.com/cat.png":             "not fetched",
		"http://169.254.169.254/latest/meta-data": "not fetched",
		"s3://bucket/cat.png":                     "not fetched",
		"":                                        wantImage,
		"cat.png":                                 wantImage,
		"data:":                                   wantImage,
		"data:image/gif," + gif1x1:                wantImage,
		"data:image/gif;base64":                   wantImage,
		"data:image/gif;base64,":                  "not in base64",
		"data:image/gif;base64,%%%":               "not in base64",
		"data:image/svg+xml;base64," + gif1x1:     "another media type",
		"data:;base64," + gif1x1:                  wantImage,
		"data:image/png;base64,aGVsbG8=":          "no such image",
		"data:image/gif;base64," + gif1x1[:8]:     "no such image",
	} {
		got, problem := imageOf(url)
		assert.Nil(t, got)
		assert.Contains(t, problem, want, url)
		assert.NotContains(t, problem, "example.com")
	}
}

func TestFiles(t *testing.T) {
	file, problem := fileOf(pdfURL)
	require.Empty(t, problem)
	assert.Equal(t, "pdf", file.Format)
	assert.Contains(t, string(file.Data), "%PDF-1.7")
	for url, want := range map[string]string{
		gifURL:                                 "another media type",
		"data:application/pdf;base64,aGVsbG8=": "no PDF",
		"https://example.com/a.pdf":            "not fetched",
		"file-abc":                             wantFile,
	} {
		_, problem := fileOf(url)
		assert.Contains(t, problem, want)
	}
}

// FuzzDataURL finds URLs that crash the decoders of images, or that are taken for an image
// or a PDF without being one.
func FuzzDataURL(f *testing.F) {
	for _, url := range []string{gifURL, pdfURL, "data:image/webp;base64," + webp1, "data:image/png;base64,iVBORw0KGgo=", "data:image/jpeg;base64,/9j/", "https://a/b", "data:,"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		if image, problem := imageOf(url); problem == "" {
			assert.True(t, image.Width >= 0 && image.Height >= 0 && len(image.Data) > 0)
			assert.Contains(t, imageTypes, "image/"+image.Format)
		} else {
			assert.Nil(t, image)
		}
		if file, problem := fileOf(url); problem == "" {
			assert.Contains(t, string(file.Data), pdfSignature)
		}
	})
}
