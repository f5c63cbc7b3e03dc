package smoke

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Scanner looks for secret values in text, in clear and in the forms in which
// text often carries another: base64, hexadecimal, percent-encoded.
type Scanner struct{ forms [][]byte }

// NewScanner looks for these values.
func NewScanner(values []string) Scanner {
	var s Scanner
	for _, value := range values {
		for _, form := range forms(value) {
			s.forms = append(s.forms, []byte(form))
		}
	}
	return s
}

func forms(value string) []string {
	all := []string{
		value, url.QueryEscape(value), url.PathEscape(value),
		hex.EncodeToString([]byte(value)), strings.ToUpper(hex.EncodeToString([]byte(value))),
	}
	// Within a longer text that is in base64 as a whole, the value looks
	// different by where it starts, and its ends mix with its neighbours.
	for offset := range 3 {
		padded := append(make([]byte, offset), value...)
		padded = padded[:len(padded)/3*3]
		skip := []int{0, 2, 3}[offset]
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			all = append(all, encoding.EncodeToString(padded)[skip:])
		}
	}
	return all
}

// Found reports whether the text has one of the values.
func (s Scanner) Found(text []byte) bool {
	for _, form := range s.forms {
		if bytes.Contains(text, form) {
			return true
		}
	}
	return false
}

// Files looks through folders. It returns the files that have a value and how
// many it looked at. A folder that is not there has none.
func (s Scanner) Files(dirs ...string) (found []string, looked int, err error) {
	look := func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		looked++
		if s.Found(content) {
			found = append(found, path)
		}
		return nil
	}
	for _, dir := range dirs {
		if err := filepath.WalkDir(dir, look); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, 0, err
		}
	}
	return found, looked, nil
}
