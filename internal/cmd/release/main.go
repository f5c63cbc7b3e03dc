// Command release makes and checks the files of a release, for the Makefile and the
// Release workflow:
//
//	release notes -version v1.2.0 -links https://example.com/blob/v1.2.0/ CHANGELOG.md
//	release build -version v1.2.0 dist/lambda dist/release
//	release check downloaded dist/release
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/gatehouse-iac/gatehouse/internal/release"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: release notes -version VERSION [-links PREFIX] CHANGELOG | build -version VERSION BUILT FOLDER | check FOLDER BUILT")

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	version := flags.String("version", "", "the version with a v, such as v1.2.0")
	links := flags.String("links", "", "the address of the repository's files at the version, for the links of notes")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch {
	case args[0] == "notes" && flags.NArg() == 1:
		return printNotes(out, flags.Arg(0), *version, *links)
	case args[0] == "build" && flags.NArg() == 2:
		return release.Build(flags.Arg(0), flags.Arg(1), *version, runtime.Version())
	case args[0] == "check" && flags.NArg() == 2:
		return check(out, flags.Arg(0), flags.Arg(1))
	default:
		return errUsage
	}
}

func printNotes(out io.Writer, changelog, version, links string) error {
	text, err := os.ReadFile(changelog)
	if err != nil {
		return err
	}
	notes, err := release.Notes(string(text), version, links)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, notes)
	return err
}

func check(out io.Writer, released, built string) error {
	if err := release.Check(released, built); err != nil {
		return fmt.Errorf("%w\nthe release is not what this checkout builds with %s: is it the release's tag, without changes?", err, runtime.Version())
	}
	_, err := fmt.Fprintln(out, "the release has what this checkout builds, byte for byte")
	return err
}
