package upgrade

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	releases "github.com/gatehouse-iac/gatehouse/internal/release"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// releaseVersion is that of the release that the test makes: below every real one.
const releaseVersion = "v0.0.0"

// functions are those of a release.
type functions struct {
	folder   string
	settings map[string]any // with which a stack has them
}

// compile makes the functions of a checkout for an architecture.
func compile(ctx context.Context, root, architecture string) error {
	_, err := process.Output(ctx, root, os.Environ(), "make", "lambdas", "ARCH="+architecture)
	return err
}

// release makes a release of a checkout.
func release(ctx context.Context, root, folder string) (functions, error) {
	for _, architecture := range releases.Architectures {
		if err := compile(ctx, root, architecture); err != nil {
			return functions{}, err
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return functions{}, err
	}
	if err := releases.Build(filepath.Join(root, "dist", "lambda"), folder, releaseVersion, runtime.Version()); err != nil {
		return functions{}, err
	}
	manifest, err := os.ReadFile(filepath.Join(folder, releases.Manifest))
	if err != nil {
		return functions{}, err
	}
	// Relative to the project's folder, as users write it.
	relative, err := filepath.Rel(root, folder)
	return functions{folder, map[string]any{
		"gatehouse:functionsRelease":       relative,
		"gatehouse:functionsReleaseDigest": releases.Digest(manifest),
	}}, err
}

// deployedNames has the names in Lambda of those functions of a release that every stack has.
var deployedNames = map[string]string{
	"authorizer": "gatehouse-local-authorizer", "model": "gatehouse-local-model", "rotator": "gatehouse-local-rotator",
}

// areDeployed returns an error unless Lambda has the bytes of the release.
func (f functions) areDeployed(ctx context.Context, config aws.Config) error {
	api := lambda.NewFromConfig(config)
	var problems []error
	for function, name := range deployedNames {
		archive, err := os.ReadFile(filepath.Join(f.folder, function+"-"+pulumicli.LambdaArchitecture()+".zip"))
		if err != nil {
			return err
		}
		got, err := api.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			return err
		}
		sum := sha256.Sum256(archive)
		if want := base64.StdEncoding.EncodeToString(sum[:]); aws.ToString(got.CodeSha256) != want {
			problems = append(problems, fmt.Errorf("%s has the code %s; that of the release is %s", name, aws.ToString(got.CodeSha256), want))
		}
	}
	return errors.Join(problems...)
}
