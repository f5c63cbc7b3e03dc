package env

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/sdktrim"
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
	return b.Compile(ctx, s, "lambdas", b.Layout.Root, "make", "lambdas", "ARCH="+pulumicli.LambdaArchitecture())
}

// Program compiles the Pulumi program's packages: they are then there when Pulumi links
// them.
func (b Build) Program(ctx context.Context, s *progress.Step) error {
	s.Doing("reading the SDKs")
	if err := TrimSDKs(ctx, b.Builder); err != nil {
		return err
	}
	args := slices.Concat([]string{"go", "list", "-trimpath"}, b.Layout.SDKFlags(), []string{"-export", "-f", "{{.ImportPath}}", "."})
	return b.Compile(ctx, s, "program", b.Layout.Root, args...)
}

// sdkVariable names the variable that has "whole" where the program must be compiled from
// the SDKs as they are, and "trimmed" where it must not.
const sdkVariable = "SANDBOX_SDK"

// TrimSDKs writes the copies of the SDKs that the sandbox compiles the program from, if the
// sources changed. There are none where the SDKs are compiled already, such as by the unit
// tests.
func TrimSDKs(ctx context.Context, b *build.Builder) error {
	const stamp = "sdk"
	choice := os.Getenv(sdkVariable)
	if !slices.Contains([]string{"", "whole", "trimmed"}, choice) {
		return fmt.Errorf("%s is %q: it must be whole or trimmed, or not set", sdkVariable, choice)
	}
	hash, err := build.Hash(b.Layout.Root, choice)
	if err != nil || b.Fresh(stamp, hash, b.Layout.SDK()) {
		return err
	}
	err = sdktrim.Make(ctx, sdktrim.Target{
		Root: b.Layout.Root, Folder: b.Layout.SDK(), Environment: build.Env(), Packages: []string{".", "./pipeline"},
		Whole: func(compiled bool) bool { return choice == "whole" || choice == "" && compiled },
	})
	if err != nil {
		return fmt.Errorf("%w; %s=whole compiles them as they are", err, sdkVariable)
	}
	return b.Stamp(stamp, hash)
}
