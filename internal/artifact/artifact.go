// Package artifact finds the compiled Lambda functions.
package artifact

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/artifact/lambdazip"
)

// Directory holds the functions that `make lambdas` builds, as
// <directory>/<architecture>/<function>/bootstrap.zip.
type Directory string

// Archive returns the function's code for Lambda, or an error if the function is not
// built for the architecture.
//
// The code is a file, not a folder: Pulumi uploads the bytes of an archive as they are,
// with the file modes, which it leaves out of an archive of a folder.
func (d Directory) Archive(function, architecture string) (pulumi.Archive, error) {
	path := filepath.Join(string(d), architecture, function, lambdazip.Archive)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("function %s is not built for %s: run `make lambdas ARCH=%s` (%w)", function, architecture, architecture, err)
	}
	return pulumi.NewFileArchive(path), nil
}
