package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gatehouse-iac/gatehouse/internal/artifact/lambdazip"
)

// readable is the mode of a release's files.
const readable = 0o644

// Build copies the archives that are built in a folder, as
// <architecture>/<function>/bootstrap.zip, into another one, and adds the manifest and the
// checksums of all files there. The version of Go is that of the toolchain that built them.
func Build(built, folder, version, goVersion string) error {
	if err := checkVersion(version); err != nil {
		return err
	}
	m := manifest{Format: format, Version: version, Go: goVersion}
	for _, function := range Functions {
		for _, architecture := range Architectures {
			content, err := os.ReadFile(filepath.Join(built, architecture, function, lambdazip.Archive))
			if err != nil {
				return err
			}
			name := archiveName(function, architecture)
			if err := os.WriteFile(filepath.Join(folder, name), content, readable); err != nil {
				return err
			}
			m.Functions = append(m.Functions, archive{Function: function, Architecture: architecture, File: name, SHA256: sum(content)})
		}
	}
	content, err := m.encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, Manifest), content, readable); err != nil {
		return err
	}
	return writeChecksums(folder)
}

func writeChecksums(folder string) error {
	sums, err := sumsOf(os.DirFS(folder))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, Checksums), sums.encode(), readable)
}

// Check compares a release with an own build of it: the release must have the files of its
// checksums, and its archives and manifest must be the build's byte for byte. Lists of
// components are not compared: they name the tool that made them with its own digest, which
// depends on the machine.
func Check(released, built string) error {
	given, err := readSums(os.DirFS(released))
	if err != nil {
		return err
	}
	if given[Manifest] == "" {
		return fmt.Errorf("the release's %s doesn't list %s", Checksums, Manifest)
	}
	found, err := sumsOf(os.DirFS(released))
	if err != nil {
		return err
	}
	if err := errors.Join(differences(found, given, "the release's "+Checksums)...); err != nil {
		return err
	}
	own, err := sumsOf(os.DirFS(built))
	if err != nil {
		return err
	}
	return errors.Join(differences(own.reproducible(), given.reproducible(), "the release")...)
}

// sumsOf returns the checksums of a folder's files, except for that of the checksums.
func sumsOf(files fs.FS) (sums, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == Checksums })
	found := sums{}
	for _, entry := range entries {
		content, err := read(files, entry.Name())
		if err != nil {
			return nil, err
		}
		found[entry.Name()] = sum(content)
	}
	return found, nil
}

// cause returns what went wrong with a file, without its path.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
