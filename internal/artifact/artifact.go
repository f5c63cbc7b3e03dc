// Package artifact finds the compiled Lambda functions.
package artifact

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Directory is where `make lambdas` puts functions, as
// <directory>/<architecture>/<function>/bootstrap.
type Directory string

// Archive returns the function's code for Lambda. It fails when the function is
// not built for the architecture.
func (d Directory) Archive(function, architecture string) (pulumi.Archive, error) {
	folder := filepath.Join(string(d), architecture, function)
	if _, err := os.Stat(filepath.Join(folder, "bootstrap")); err != nil {
		return nil, fmt.Errorf("function %s is not built for %s: run `make lambdas ARCH=%s` (%w)", function, architecture, architecture, err)
	}
	return pulumi.NewFileArchive(folder), nil
}
