// Package artifact finds the compiled Lambda functions: those that were built here, or those
// of a release.
package artifact

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/artifact/lambdazip"
	"github.com/gatehouse-iac/gatehouse/internal/release"
)

// Source finds the code of functions.
type Source interface {
	// Archive returns a function's code for Lambda, or an error if there is none for the
	// architecture.
	//
	// The code is a file, not a folder: Pulumi uploads the bytes of an archive as they are,
	// with the file modes, which it leaves out of an archive of a folder.
	Archive(function, architecture string) (pulumi.Archive, error)
}

// Directory holds the functions that `make lambdas` builds, as
// <directory>/<architecture>/<function>/bootstrap.zip.
type Directory string

// Archive implements [Source].
func (d Directory) Archive(function, architecture string) (pulumi.Archive, error) {
	path := filepath.Join(string(d), architecture, function, lambdazip.Archive)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("function %s is not built for %s: run `make lambdas ARCH=%s` (%w)", function, architecture, architecture, err)
	}
	return pulumi.NewFileArchive(path), nil
}

// Released holds the verified functions of a release.
type Released struct {
	*release.Release
}

// Archive implements [Source].
func (r Released) Archive(function, architecture string) (pulumi.Archive, error) {
	path, err := r.Path(function, architecture)
	if err != nil {
		return nil, err
	}
	return pulumi.NewFileArchive(path), nil
}
