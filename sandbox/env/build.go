package env

import (
	"context"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
)

// Build builds what the sandbox needs and is not there yet.
type Build struct {
	*build.Builder
	Tools map[string]toolcheck.Found
}

// NewBuild returns a build with the machine's tools. It fails if one is missing.
func NewBuild(ctx context.Context, l checkout.Layout) (Build, error) {
	tools, err := toolcheck.Check(ctx)
	return Build{build.New(l), tools}, err
}

// AWSPackages installs the Python packages of the AWS server.
func (b Build) AWSPackages(ctx context.Context, s *progress.Step) error {
	return b.venv(ctx, s, checkout.CloudVenv, "sandbox", "servers", "aws", "requirements.txt")
}

// ClientPackages installs OpenAI's client and the other Python packages with which the
// end-to-end tests use the API.
func (b Build) ClientPackages(ctx context.Context, s *progress.Step) error {
	return b.venv(ctx, s, checkout.ProofVenv, "test", "e2e", "clients", "requirements.txt")
}

// BenchPackages installs the Python packages of the authorizer that the benchmark
// compares.
func (b Build) BenchPackages(ctx context.Context, s *progress.Step) error {
	return b.venv(ctx, s, checkout.BenchVenv, "test", "bench", "baseline", "python", "requirements.txt")
}

func (b Build) venv(ctx context.Context, s *progress.Step, name string, requirements ...string) error {
	python := b.Tools["python3"]
	return b.Venv(ctx, s, name, python.Path, python.Version, filepath.Join(append([]string{b.Layout.Root}, requirements...)...))
}

// Functions builds the Lambda functions for this machine's processor.
func (b Build) Functions(ctx context.Context, s *progress.Step) error {
	architecture := pulumicli.LambdaArchitecture()
	command := build.Command{
		Name: "lambdas", Dir: b.Layout.Root,
		Args: []string{"make", "lambdas", "ARCH=" + architecture, "GOFLAGS=" + build.Flags() + " -v"},
	}
	// Once they were built, little is left to count.
	if _, err := os.Stat(filepath.Join(b.Layout.Root, "dist", "lambda", architecture)); err != nil {
		command.Packages = []string{"-tags", "lambda.norpc", "./lambda/authorizer", "./lambda/model", "./lambda/rotator"}
		command.PackagesEnv = []string{"GOOS=linux", "GOARCH=" + runtime.GOARCH}
	}
	return b.Compile(ctx, s, command)
}

// Program compiles the Pulumi program's packages, for which the AWS SDK takes minutes the
// first time: they are then there when Pulumi links them.
func (b Build) Program(ctx context.Context, s *progress.Step) error {
	return b.Compile(ctx, s, build.Command{
		Name: "program", Dir: b.Layout.Root,
		Args:     []string{"go", "list", "-v", "-export", "-f", "{{.ImportPath}}", "."},
		Packages: []string{"."}, OnlyPackages: true,
	})
}
