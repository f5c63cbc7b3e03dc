package pulumicli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/mod/semver"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
)

// Version is the version of the engine that `make local` builds where none is installed.
const Version = "v3.256.0"

// Oldest is the oldest installed version that `make local` takes. The SDK asks an engine
// which features it has, so that a newer SDK needs no newer engine.
const Oldest = "v3.255.0"

const versionFlag = "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + Version

// The two programs of an engine of our own. They must be in one folder: the CLI looks for
// the language host beside itself first.
var (
	CLIProgram = build.Program{
		Name: "pulumi", Module: "standins/engine", Package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", LDFlags: versionFlag,
	}
	HostProgram = build.Program{
		Name: "pulumi-language-go", Module: "standins/engine", Package: "./pulumi-language-go", LDFlags: versionFlag,
	}
)

// Installed finds a Pulumi CLI on PATH that is recent enough and has its Go
// language host beside it. It returns the CLI's path and version. Programs in
// the folder own are not taken: what is built there may be half updated.
func Installed(ctx context.Context, own string) (path, version string, found bool) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path, err := exec.LookPath(filepath.Join(dir, "pulumi"))
		if err != nil || !filepath.IsAbs(path) || filepath.Dir(path) == own {
			continue
		}
		if _, err := exec.LookPath(filepath.Join(dir, "pulumi-language-go")); err != nil {
			continue
		}
		out, err := process.Output(ctx, "", os.Environ(), path, "version")
		if err != nil {
			continue
		}
		if version := toolcheck.Version(out); version != "" && semver.Compare(version, Oldest) >= 0 {
			return path, version, true
		}
	}
	return "", "", false
}
