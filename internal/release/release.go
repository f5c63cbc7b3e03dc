// Package release describes the files of a release: an archive of each function for each
// processor architecture, the manifest functions.json and checksums.txt. It writes them,
// compares them with another build, and verifies them before a stack uses them.
//
// It is apart from package artifact so that the command builds without Pulumi's SDK.
package release

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

var (
	// Functions are the functions of each release: the folders below lambda/ that have a
	// program.
	Functions = []string{"authorizer", "issuers", "model", "rotator"}

	// Architectures are the processor architectures of each release, as Lambda spells them.
	Architectures = []string{"arm64", "x86_64"}
)

// Release holds the verified archives of a release for one processor architecture.
type Release struct {
	Version string

	folder       string
	architecture string
	files        map[string]string // by function
}

// DigestError is the error of a manifest that has another digest than the one required.
type DigestError struct {
	Found string
}

// Error names the digest that was found.
func (e *DigestError) Error() string {
	return fmt.Sprintf("%s has the digest %s", Manifest, e.Found)
}

// Open reads the release in a folder, whose manifest must have the digest, and verifies
// the archive of each function for the architecture. Errors name files without the folder.
func Open(folder, digest, architecture string) (*Release, error) {
	files := os.DirFS(folder)
	content, err := read(files, Manifest)
	if err != nil {
		return nil, err
	}
	if found := Digest(content); found != digest {
		return nil, &DigestError{Found: found}
	}
	m, err := parseManifest(content)
	if err != nil {
		return nil, err
	}
	r := &Release{Version: m.Version, folder: folder, architecture: architecture, files: map[string]string{}}
	var problems []error
	for _, name := range Functions {
		archive, err := m.find(name, architecture)
		if err == nil {
			err = archive.verify(files)
		}
		r.files[name] = archive.File
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return r, nil
}

// Path returns the archive of a function, or an error if the release was not verified for
// the architecture.
func (r *Release) Path(function, architecture string) (string, error) {
	file, known := r.files[function]
	if !known || architecture != r.architecture {
		return "", fmt.Errorf("release %s was verified for %s and has no function %s for %s", r.Version, r.architecture, function, architecture)
	}
	return filepath.Join(r.folder, file), nil
}
