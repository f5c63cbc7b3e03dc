package download

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// unfinished ends the name of a program that is being unpacked.
const unfinished = ".new"

// Unpack extracts programs from a gzip archive: targets has the path of each, by its name
// in the archive. None is replaced before all of them are complete.
func Unpack(archive string, targets map[string]string) (err error) {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	var complete []string
	defer func() {
		if err != nil {
			err = fmt.Errorf("unpack %s: %w", archive, err)
		}
		for _, target := range targets {
			_ = os.Remove(target + unfinished) // gone after success
		}
	}()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for content := tar.NewReader(unzipped); ; {
		header, err := content.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		target, wanted := targets[header.Name]
		if !wanted || header.Typeflag != tar.TypeReg {
			continue
		}
		if err := write(content, target+unfinished); err != nil {
			return err
		}
		complete = append(complete, header.Name)
	}
	if missing := missing(targets, complete); len(missing) > 0 {
		return fmt.Errorf("it lacks %s", strings.Join(missing, ", "))
	}
	for _, target := range targets {
		if err := os.Rename(target+unfinished, target); err != nil {
			return err
		}
	}
	return nil
}

func missing(targets map[string]string, complete []string) (names []string) {
	for name := range targets {
		if !slices.Contains(complete, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func write(content io.Reader, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
