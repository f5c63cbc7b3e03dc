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

// Version is the version of the engine that `make local` downloads or builds where none is
// installed.
const Version = "v3.256.0"

// Oldest is the oldest installed version that `make local` takes. The SDK asks an engine
// which features it has, so that a newer SDK needs no newer engine.
const Oldest = "v3.255.0"

const versionFlag = "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + Version

// The two programs of an engine of our own. They must be in one folder: the CLI looks for
// the language host beside itself first.
var (
	CLIProgram = build.Program{
		Name: "pulumi", Module: "standins/engine", Package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", LDFlags: versionFlag, Priority: build.Engine,
	}
	HostProgram = build.Program{
		Name: "pulumi-language-go", Module: "standins/engine", Package: "./pulumi-language-go", LDFlags: versionFlag, Priority: build.LanguageHost,
	}
)

// downloaded is the stamp of an official program of this version.
const downloaded = "official " + Version

// Engine is the Pulumi CLI with its Go language host.
type Engine struct {
	Path      string // of the CLI; empty if there is none yet
	Version   string
	Installed bool // on the machine; the others are the sandbox's own
	Official  bool // not compiled here
}

// Origin says where the engine is from.
func (e Engine) Origin() string {
	switch {
	case e.Installed:
		return "installed"
	case e.Official:
		return "downloaded before"
	default:
		return "compiled before"
	}
}

// Find returns the engine that is there: an installed one, or a complete one of our own of
// the present version.
func Find(ctx context.Context, b *build.Builder) Engine {
	own := b.Layout.Bin(CLIProgram.Name)
	if path, version, found := Installed(ctx, filepath.Dir(own)); found {
		return Engine{Path: path, Version: version, Installed: true, Official: true}
	}
	switch {
	case isDownloaded(b, CLIProgram) && isDownloaded(b, HostProgram):
		return Engine{Path: own, Version: Version, Official: true}
	case cliBuilt(b) && b.Built(HostProgram):
		return Engine{Path: own, Version: Version}
	default:
		return Engine{}
	}
}

func isDownloaded(b *build.Builder, p build.Program) bool {
	return b.Fresh(p.Name, downloaded, b.Layout.Bin(p.Name))
}

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
		out, err := process.Output(ctx, "", quiet(), path, "version")
		if err != nil {
			continue
		}
		if version := toolcheck.Version(out); version != "" && semver.Compare(version, Oldest) >= 0 {
			return path, version, true
		}
	}
	return "", "", false
}

// quiet returns the environment without the CLI's search for a newer version, which waits
// for a response where there is no network.
func quiet() []string { return append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true") }
