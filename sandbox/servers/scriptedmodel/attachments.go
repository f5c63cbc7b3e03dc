package scriptedmodel

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	_ "image/gif"  // the formats that
	_ "image/jpeg" // OpenAI's API
	_ "image/png"  // takes, and
	"strings"

	_ "golang.org/x/image/webp" // this one, which the standard library lacks
)

// attachmentTokens returns how many tokens of a prompt the image or file of a part is.
func (p part) attachmentTokens() int {
	switch p.Type {
	case "image_url":
		_, data, err := parseDataURL(p.ImageURL.URL)
		if err != nil {
			return 0
		}
		config, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return 0
		}
		return 85 + config.Width*config.Height/750
	case "file":
		_, data, err := parseDataURL(p.File.Data)
		if err != nil {
			return 0
		}
		return 1 + len(data)/100
	}
	return 0
}

// parseDataURL returns the media type and the content of a data URL.
func parseDataURL(url string) (media string, data []byte, err error) {
	head, encoded, found := strings.Cut(strings.TrimPrefix(url, "data:"), ",")
	media, isBase64 := strings.CutSuffix(head, ";base64")
	if !found || !isBase64 || !strings.HasPrefix(url, "data:") {
		return "", nil, fmt.Errorf("it is no data URL with base64")
	}
	data, err = base64.StdEncoding.DecodeString(encoded)
	return media, data, err
}

// describeParts describes the images and files of a message, in sentences.
func describeParts(c content) (string, []seenImage, error) {
	var sentences []string
	var images []seenImage
	for _, p := range c {
		switch p.Type {
		case "image_url":
			seen, err := look(p.ImageURL.URL)
			if err != nil {
				return "", nil, err
			}
			images = append(images, seen)
			sentences = append(sentences, seen.String())
		case "file":
			sentence, err := describeFile(p.File.Name, p.File.Data)
			if err != nil {
				return "", nil, err
			}
			sentences = append(sentences, sentence)
		case "", "text", "refusal":
		default:
			return "", nil, refuse("messages", "invalid_value", "Invalid value: '%s'. Supported values are: 'text', 'image_url' and 'file'.", p.Type)
		}
	}
	return strings.Join(sentences, " "), images, nil
}

func describeFile(name, url string) (string, error) {
	media, data, err := parseDataURL(url)
	if err != nil {
		return "", refuse("messages", "invalid_file_data", "Invalid file data: %v.", err)
	}
	if name == "" {
		name = "unnamed"
	}
	text := string(data)
	if media == "application/pdf" {
		if !bytes.HasPrefix(data, []byte("%PDF-")) {
			return "", refuse("messages", "invalid_file_data", "Invalid file data: it is no PDF.")
		}
		text = pdfText(data)
	}
	return fmt.Sprintf("The file %q is of type %s, with %d bytes and the text %q.", name, media, len(data), text), nil
}
