// Command localrecording draws what `make local` printed as an SVG picture of a terminal, for
// the documentation. It reads the output and is run in the root of the checkout.
//
//	localrecording docs/local.svg <recording
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

const usage = "usage: localrecording FILE.svg <RECORDING"

func main() {
	if err := run(os.Args[1:], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "localrecording:", err)
		os.Exit(1)
	}
}

func run(args []string, recording io.Reader) error {
	if len(args) != 1 {
		return errors.New(usage)
	}
	output, err := io.ReadAll(recording)
	if err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	lines, err := excerpt(string(output), root, isFolder)
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(picture(lines)), 0o644)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
