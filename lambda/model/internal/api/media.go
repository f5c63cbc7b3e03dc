package api

import (
	"bytes"
	"encoding/base64"
	"image"
	_ "image/gif"  // for [image.DecodeConfig]
	_ "image/jpeg" // for [image.DecodeConfig]
	_ "image/png"  // for [image.DecodeConfig]
	"mime"
	"slices"
	"strings"

	_ "golang.org/x/image/webp" // for [image.DecodeConfig]

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// imageTypes are the media types of images. Bedrock's models have no others.
var imageTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

const (
	wantImage = "want a data URL of a png, jpeg, gif or webp image in base64, such as data:image/png;base64,…"
	wantFile  = "want a data URL of a PDF in base64: data:application/pdf;base64,…"
)

// imageOf returns the image in a data URL, or what is wrong with it. The image's own
// format counts, since clients label images wrongly and Bedrock rejects that.
func imageOf(url string) (*chat.Image, string) {
	mediaType, data, problem := dataURL(url, wantImage)
	if problem != "" {
		return nil, problem
	}
	if mediaType == "image/jpg" {
		mediaType = "image/jpeg"
	}
	if !slices.Contains(imageTypes, mediaType) {
		return nil, wantImage + "; got another media type"
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, wantImage + "; got data that is no such image"
	}
	return &chat.Image{Format: format, Data: data, Width: config.Width, Height: config.Height}, ""
}

// pdfSignature begins a PDF. Readers accept it within the first kilobyte.
const pdfSignature = "%PDF-"

// fileOf returns the PDF in a data URL, or what is wrong with it.
func fileOf(url string) (*chat.File, string) {
	mediaType, data, problem := dataURL(url, wantFile)
	switch {
	case problem != "":
		return nil, problem
	case mediaType != "application/pdf":
		return nil, wantFile + "; got another media type"
	case !bytes.Contains(data[:min(len(data), 1024)], []byte(pdfSignature)):
		return nil, wantFile + "; got data that is no PDF"
	}
	return &chat.File{Format: "pdf", Data: data}, ""
}

// dataURL returns the media type and the data of a data URL (RFC 2397) in base64. Other
// URLs are rejected: the function fetches nothing that a client names.
func dataURL(url, want string) (mediaType string, data []byte, problem string) {
	const scheme = "data:"
	if len(url) < len(scheme) || !strings.EqualFold(url[:len(scheme)], scheme) {
		if strings.Contains(url, "://") {
			return "", nil, want + "; got the address of a file, which is not fetched"
		}
		return "", nil, want
	}
	header, encoded, separated := strings.Cut(url[len(scheme):], ",")
	label, isBase64 := strings.CutSuffix(header, ";base64")
	mediaType, _, err := mime.ParseMediaType(label)
	if !separated || !isBase64 || err != nil {
		return "", nil, want
	}
	data, err = decodeBase64(encoded)
	if err != nil || len(data) == 0 {
		return "", nil, want + "; got data that is not in base64"
	}
	return mediaType, data, ""
}

// decodeBase64 decodes base64 with or without padding.
func decodeBase64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}
