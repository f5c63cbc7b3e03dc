package release

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Manifest is the name of the file that lists a release's archives.
const Manifest = "functions.json"

// format is the manifest's format. A program refuses those that it doesn't know.
const format = 1

type manifest struct {
	Format    int       `json:"format"`
	Version   string    `json:"version"`
	Go        string    `json:"go"` // the toolchain: another one may make other bytes
	Functions []archive `json:"functions"`
}

// archive is the entry of a function for one architecture.
type archive struct {
	Function     string `json:"function"`
	Architecture string `json:"architecture"`
	File         string `json:"file"`
	SHA256       string `json:"sha256"`
}

// Digest returns the digest of a file's content, as sha256:<hex>.
func Digest(content []byte) string {
	return "sha256:" + sum(content)
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// archiveName returns the file name of a function's archive.
func archiveName(function, architecture string) string {
	return function + "-" + architecture + ".zip"
}

func (m manifest) encode() ([]byte, error) {
	content, err := json.MarshalIndent(m, "", "  ")
	return append(content, '\n'), err
}

// parseManifest reads a manifest. The format comes first: another one may have other types.
func parseManifest(content []byte) (manifest, error) {
	var version struct {
		Format json.RawMessage `json:"format"`
	}
	if err := json.Unmarshal(content, &version); err != nil {
		return manifest{}, fmt.Errorf("%s: %w", Manifest, err)
	}
	if given := string(version.Format); given != fmt.Sprint(format) {
		return manifest{}, fmt.Errorf("%s has the format %q; allowed: %d. Use the program of the release's own tag", Manifest, given, format)
	}
	var m manifest
	if err := json.Unmarshal(content, &m); err != nil {
		return manifest{}, fmt.Errorf("%s: %w", Manifest, err)
	}
	for _, a := range m.Functions {
		if err := a.check(); err != nil {
			return manifest{}, fmt.Errorf("%s: %w", Manifest, err)
		}
	}
	return m, nil
}

var sumPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (a archive) check() error {
	switch {
	case a.File != filepath.Base(a.File) || !fs.ValidPath(a.File) || a.File == ".":
		return fmt.Errorf("function %q has the file %q; allowed: a name in the same folder", a.Function, a.File)
	case !sumPattern.MatchString(a.SHA256):
		return fmt.Errorf("function %q has the sha256 %q; allowed: 64 hexadecimal digits in lower case", a.Function, a.SHA256)
	}
	return nil
}

// find returns the only archive of a function for an architecture.
func (m manifest) find(function, architecture string) (archive, error) {
	var found []archive
	var others []string
	for _, a := range m.Functions {
		switch {
		case a.Function != function:
		case a.Architecture == architecture:
			found = append(found, a)
		default:
			others = append(others, a.Architecture)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return archive{}, fmt.Errorf("%s lists function %s for %s %d times", Manifest, function, architecture, len(found))
	case len(others) > 0:
		slices.Sort(others)
		return archive{}, fmt.Errorf("%s of %s lists function %s for %s, and not for %s", Manifest, m.Version, function, strings.Join(others, ", "), architecture)
	default:
		return archive{}, fmt.Errorf("%s of %s doesn't list function %s", Manifest, m.Version, function)
	}
}

// verify compares the file with its entry in the manifest.
func (a archive) verify(files fs.FS) error {
	content, err := read(files, a.File)
	if err != nil {
		return err
	}
	if found := sum(content); found != a.SHA256 {
		return fmt.Errorf("%s has the digest sha256:%s, and %s lists sha256:%s", a.File, found, Manifest, a.SHA256)
	}
	return nil
}

// read reads a file. Its error has the file's name only: the folder may be a secret setting.
func read(files fs.FS, name string) ([]byte, error) {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", name, cause(err))
	}
	return content, nil
}
