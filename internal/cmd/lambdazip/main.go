// Command lambdazip packs compiled functions for Lambda: in each folder of its arguments,
// it writes bootstrap.zip from bootstrap. The Makefile uses it to build releases.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatehouse-iac/gatehouse/internal/artifact/lambdazip"
)

// readable is the mode of the archive: a temporary file is readable by its owner only.
const readable = 0o644

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: lambdazip folder...")
		os.Exit(2)
	}
	for _, folder := range os.Args[1:] {
		if err := pack(folder); err != nil {
			fmt.Fprintln(os.Stderr, "lambdazip:", err)
			os.Exit(1)
		}
	}
}

// pack replaces a folder's archive atomically: an interrupted run leaves no partial one.
func pack(folder string) (err error) {
	program, err := os.Open(filepath.Join(folder, lambdazip.Bootstrap))
	if err != nil {
		return err
	}
	defer program.Close() //nolint:errcheck // only read
	temp, err := os.CreateTemp(folder, "."+lambdazip.Archive+"-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	if err := lambdazip.Write(temp, program); err != nil {
		return errors.Join(fmt.Errorf("pack %s: %w", program.Name(), err), temp.Close())
	}
	if err := errors.Join(temp.Chmod(readable), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), filepath.Join(folder, lambdazip.Archive))
}
