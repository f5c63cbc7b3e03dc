package stack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/release"
	"github.com/gatehouse-iac/gatehouse/internal/release/releasetest"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
)

// With a release, no function of the stack is one that was built here: there is none.
func TestFunctionsAreThoseOfTheRelease(t *testing.T) {
	folder := releasetest.Release(t)
	for _, architecture := range release.Architectures {
		s := withIssuers(t, withClients(t, pulumitest.Settings(t), lambdaenv.ClientAccessKeys))
		s.Lambda = pulumitest.Configured(t, map[string]string{
			"functionsRelease": folder, "functionsReleaseDigest": releasetest.Digest(t, folder), "lambdaArchitecture": architecture,
		}).Lambda
		recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
			return stack.Deploy(ctx, s, artifact.Directory(t.TempDir()), "")
		})
		checksums, err := os.ReadFile(filepath.Join(folder, release.Checksums))
		require.NoError(t, err)
		deployed := map[string]bool{}
		for _, function := range recorder.OfType("aws:lambda/function:Function") {
			if function.Text("runtime") != "provided.al2023" {
				continue // at the edge, from a source of this checkout
			}
			path := function.Input("code").ArchiveValue().Path
			code, err := os.ReadFile(path)
			require.NoError(t, err)
			name := filepath.Base(path)
			assert.Contains(t, string(checksums), strings.TrimPrefix(release.Digest(code), "sha256:")+"  "+name+"\n")
			assert.Equal(t, architecture, function.Text("architectures[0]"))
			deployed[name] = true
		}
		wanted := map[string]bool{}
		for _, name := range release.Functions {
			wanted[name+"-"+architecture+".zip"] = true
		}
		assert.Equal(t, wanted, deployed)
	}
}
