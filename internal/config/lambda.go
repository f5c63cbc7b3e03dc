package config

import (
	"errors"
	"regexp"
	"strings"
	"unicode"

	"github.com/gatehouse-iac/gatehouse/internal/release"
)

// Lambda holds what all functions share.
type Lambda struct {
	Architecture string // as Lambda spells it: arm64 or x86_64
	Tracing      bool   // whether X-Ray records their invocations

	// Release holds the verified functions of a release; nil for those that are built here.
	Release *release.Release
}

var (
	lambdaArchitecture = setting[string]{
		key: "lambdaArchitecture", byDefault: "arm64", allowed: oneOf("arm64", "x86_64"),
		description: "Processor architecture of all functions. `make lambdas ARCH=…` builds them for it.",
	}
	tracingEnabled = setting[bool]{
		key:         "tracingEnabled",
		description: "Whether X-Ray records the functions' invocations, with the time that the model took of them.",
	}
	functionsRelease = setting[string]{
		key: "functionsRelease", allowed: orEmpty(satisfying(isPath, "the path of a folder, not an address"), "for functions that `make lambdas` built"),
		description: "Folder with the files of a release, whose functions are deployed instead of those that `make lambdas` built; relative to the project's folder. functionsReleaseDigest must be set with it: see docs/ci.md.",
	}
	functionsReleaseDigest = setting[string]{
		key: "functionsReleaseDigest", allowed: orEmpty(matching(digestPattern, "sha256: and 64 hexadecimal digits in lower case")),
		requires:    []requirement{functionsRelease.toBeSet()},
		description: "Digest of functions.json in functionsRelease, which lists the digests of the functions. With another file, the update is refused before it changes anything.",
	}
)

var digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// isPath reports whether the text may be a path: an address would be one of a folder "https:".
func isPath(text string) bool {
	return text != "" && !strings.Contains(text, "://") && !strings.ContainsFunc(text, unicode.IsControl)
}

func readLambda(r *reader) Lambda {
	l := Lambda{Tracing: tracingEnabled.read(r)}
	before := len(r.problems)
	l.Architecture = lambdaArchitecture.read(r)
	folder, digest := functionsRelease.read(r), functionsReleaseDigest.read(r)
	if folder != "" && len(r.problems) == before {
		l.Release = openRelease(r, folder, digest, l.Architecture)
	}
	return l
}

// openRelease verifies the functions before anything of the stack is declared.
func openRelease(r *reader, folder, digest, architecture string) *release.Release {
	if digest == "" {
		r.must(functionsReleaseDigest, "be that of %s in the folder that %s names: without it, any release there would do", release.Manifest, functionsRelease)
		return nil
	}
	opened, err := release.Open(folder, digest, architecture)
	var mismatch *release.DigestError
	switch {
	case errors.As(err, &mismatch):
		r.must(functionsReleaseDigest, "be that of %s in the folder that %s names, which is %s: verify that file, as docs/ci.md says, before you trust it",
			release.Manifest, functionsRelease, mismatch.Found)
	case err != nil:
		r.must(functionsRelease, "be a folder with a whole release: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return opened
}
