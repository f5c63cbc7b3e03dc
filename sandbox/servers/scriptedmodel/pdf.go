package scriptedmodel

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"strings"
)

var (
	pdfStream = regexp.MustCompile(`(?s)stream\r?\n(.*?)endstream`)
	pdfShown  = regexp.MustCompile(`(?s)\[((?:[^\[\]\\]|\\.)*)\]\s*TJ|(\((?:[^()\\]|\\.)*\))\s*(?:Tj|'|")`)
	pdfString = regexp.MustCompile(`(?s)\(((?:[^()\\]|\\.)*)\)`)
	pdfEscape = strings.NewReplacer(`\(`, `(`, `\)`, `)`, `\\`, `\`, `\n`, "\n")
)

// maxPage limits the size of a decompressed stream, in bytes.
const maxPage = 16 << 20

// pdfText returns the text of a PDF that shows it with literal strings, one operator a
// line. It is empty for any other.
func pdfText(file []byte) string {
	var lines []string
	for _, stream := range pdfStream.FindAllSubmatch(file, -1) {
		for _, shown := range pdfShown.FindAll(inflate(stream[1]), -1) {
			var line strings.Builder
			for _, literal := range pdfString.FindAllSubmatch(shown, -1) {
				line.WriteString(pdfEscape.Replace(string(literal[1])))
			}
			lines = append(lines, line.String())
		}
	}
	return strings.ToValidUTF8(strings.Join(lines, "\n"), "")
}

// inflate returns a stream's content, also if it is not compressed.
func inflate(stream []byte) []byte {
	reader, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return stream
	}
	content, _ := io.ReadAll(io.LimitReader(reader, maxPage))
	return content
}
