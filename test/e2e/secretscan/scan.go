// Package secretscan searches files and logs for secret values.
package secretscan

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

// Scanner searches for secret values in clear and in the encodings in which one string
// often carries another: base64, hexadecimal, percent-encoded.
type Scanner struct{ forms [][]byte }

// New returns a scanner for these values.
func New(values []string) Scanner {
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
	// Within a longer string that is in base64 as a whole, the encoded value
	// depends on where it starts, and its ends mix with its neighbours.
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

// Found reports whether the content has one of the values.
func (s Scanner) Found(content []byte) bool {
	for _, form := range s.forms {
		if bytes.Contains(content, form) {
			return true
		}
	}
	return false
}

// Files scans folders. It returns the files that contain a value, and the number of files
// that it scanned. A folder that does not exist has none.
func (s Scanner) Files(dirs ...string) (found []string, scanned int, err error) {
	scan := func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		scanned++
		if s.Found(content) {
			found = append(found, path)
		}
		return nil
	}
	for _, dir := range dirs {
		if err := filepath.WalkDir(dir, scan); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, 0, err
		}
	}
	return found, scanned, nil
}
