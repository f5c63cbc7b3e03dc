package release

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Checksums is the name of the file with the checksums of all others, in the format of
// sha256sum.
const Checksums = "checksums.txt"

// sums are SHA-256 checksums by file name.
type sums map[string]string

func (s sums) encode() []byte {
	var text bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&text, "%s  %s\n", s[name], name)
	}
	return text.Bytes()
}

func readSums(files fs.FS) (sums, error) {
	content, err := read(files, Checksums)
	if err != nil {
		return nil, err
	}
	s := sums{}
	for line := range strings.Lines(string(content)) {
		sum, name, found := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !found || name == "" || !sumPattern.MatchString(sum) {
			return nil, fmt.Errorf("%s has the line %q; allowed: a checksum and a name, as sha256sum writes them", Checksums, line)
		}
		s[name] = sum
	}
	return s, nil
}

// reproducible returns the checksums of the files that are the same bytes on every machine.
func (s sums) reproducible() sums {
	all := maps.Clone(s)
	maps.DeleteFunc(all, func(name, _ string) bool { return name != Manifest && !strings.HasSuffix(name, ".zip") })
	return all
}

// differences describes each file whose checksum is not the one that source lists.
func differences(found, listed sums, source string) (all []error) {
	names := maps.Clone(found)
	maps.Copy(names, listed)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		switch {
		case found[name] == listed[name]:
		case listed[name] == "":
			all = append(all, fmt.Errorf("%s: %s doesn't have it", name, source))
		case found[name] == "":
			all = append(all, fmt.Errorf("%s is missing: %s has it", name, source))
		default:
			all = append(all, fmt.Errorf("%s has sha256:%s, and %s has sha256:%s", name, found[name], source, listed[name]))
		}
	}
	return all
}
