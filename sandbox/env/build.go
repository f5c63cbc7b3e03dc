package env

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/survey"
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

// ToolVersions returns the machine's tools with their versions.
func (b Build) ToolVersions() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(b.Tools)) {
		if version := strings.TrimPrefix(b.Tools[name].Version, "v"); version != "" {
			all = append(all, name+" "+version)
		}
	}
	return all
}

// The lists of Python packages, below the root.
const (
	awsRequirements    = "sandbox/servers/aws/requirements.txt"
	clientRequirements = "test/e2e/clients/requirements.txt"
	suitesRequirements = "test/e2e/clientsuites/python/requirements.txt"
	benchRequirements  = "test/bench/baseline/python/requirements.txt"
)

// AWSPackages installs the Python packages of the AWS server.
func (b Build) AWSPackages(ctx context.Context, s *progress.Step) error {
	return b.venv(ctx, s, checkout.CloudVenv, awsRequirements)
}

// ClientPackages installs OpenAI's client and the other Python packages with which the
// end-to-end tests use the API.
func (b Build) ClientPackages(ctx context.Context, s *progress.Step) error {
	return b.venv(ctx, s, checkout.ProofVenv, clientRequirements)
}

// SuitePackages installs the client libraries whose suites the end-to-end tests run, for
// Python and Node.
func (b Build) SuitePackages(ctx context.Context, s *progress.Step) error {
	if err := b.venv(ctx, s, checkout.SuitesVenv, suitesRequirements); err != nil {
		return err
	}
	return b.Node(ctx, s, checkout.SuitesNode, b.Tools["node"].Version, filepath.Join(b.Layout.Root, "test", "e2e", "clientsuites", "node"))
}

// BenchPackages installs the Python packages of the authorizer that the benchmark
// compares.
func (b Build) BenchPackages(ctx context.Context, s *progress.Step) error {
	return b.venv(ctx, s, checkout.BenchVenv, benchRequirements)
}

func (b Build) venv(ctx context.Context, s *progress.Step, name, requirements string) error {
	python := b.Tools["python3"]
	return b.Venv(ctx, s, name, python.Path, python.Version, filepath.Join(b.Layout.Root, requirements))
}

// venvBuilt reports whether an environment has its packages.
func (b Build) venvBuilt(name, requirements string) bool {
	return b.VenvBuilt(name, b.Tools["python3"].Version, filepath.Join(b.Layout.Root, requirements))
}

// record records that the packages of the root module were compiled with its present
// dependencies. They are in Go's build cache, whose content takes long to find out.
func (b Build) record(name string) error {
	hash, err := b.dependencies()
	if err != nil {
		return err
	}
	return b.Stamp(name, hash)
}

// compiled reports whether [Build.record] recorded that.
func (b Build) compiled(name string) bool {
	hash, err := b.dependencies()
	return err == nil && b.Fresh(name, hash, b.sums())
}

func (b Build) sums() string { return filepath.Join(b.Layout.Root, "go.sum") }

func (b Build) dependencies() (string, error) { return build.Hash(b.sums(), runtime.Version()) }

// Functions builds the Lambda functions for this machine's processor.
func (b Build) Functions(ctx context.Context, s *progress.Step) error {
	architecture := pulumicli.LambdaArchitecture()
	command := build.Command{
		Name: survey.Lambdas, Dir: b.Layout.Root, Priority: build.Functions,
		Args: []string{"make", "lambdas", "ARCH=" + architecture, "GOFLAGS=" + build.Flags() + " -v"},
	}
	// Once they were built, little is left to count.
	if _, err := os.Stat(filepath.Join(b.Layout.Root, "dist", "lambda", architecture)); err != nil {
		command.Packages = []string{"-tags", "lambda.norpc", "./lambda/authorizer", "./lambda/issuers", "./lambda/model", "./lambda/rotator"}
		command.PackagesEnv = []string{"GOOS=linux", "GOARCH=" + runtime.GOARCH}
	}
	if err := b.Compile(ctx, s, command); err != nil {
		return err
	}
	return b.record(survey.Lambdas)
}

// Program compiles the Pulumi program's packages: they are then there when Pulumi links
// them. An official engine compiles it from the SDKs as they are.
func (b Build) Program(ctx context.Context, s *progress.Step, official bool) error {
	s.Doing("reading the SDKs")
	if err := trimSDKs(ctx, b.Builder, official, s.Note); err != nil {
		return err
	}
	flags := b.Layout.SDKFlags()
	err := b.Compile(ctx, s, build.Command{
		Name: survey.Program, Dir: b.Layout.Root, Priority: build.Stack,
		Args:     slices.Concat([]string{"go", "list", "-v"}, flags, []string{"-export", "-f", "{{.ImportPath}}", "."}),
		Packages: append(flags, "."), OnlyPackages: true,
	})
	if err != nil {
		return err
	}
	return b.record(survey.Program)
}
