package pulumicli

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/download"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
)

// Releases names a server with the releases of Pulumi.
type Releases struct {
	Base   string // URL, without a slash at the end
	Client download.Client
}

// Official has Pulumi's own releases.
var Official = Releases{Base: "https://get.pulumi.com", Client: download.Default}

// engineArchive returns the name of the archive with the CLI and its language hosts for
// this machine. It names one processor otherwise than Go.
func engineArchive() string {
	processor := runtime.GOARCH
	if processor == "amd64" {
		processor = "x64"
	}
	return fmt.Sprintf("pulumi-%s-%s-%s.tar.gz", Version, runtime.GOOS, processor)
}

func (r Releases) sdk() string { return r.Base + "/releases/sdk/" }

// Engine returns the address of the archive with the CLI and its language hosts.
func (r Releases) Engine() string { return r.sdk() + engineArchive() }

// Plugins returns the address below which the archives of the plugins lie.
func (r Releases) Plugins() string { return r.Base + "/releases/plugins" }

// Plugin returns the address of the archive of a plugin: version is v6.83.0, for example.
func (r Releases) Plugin(name, version string) string {
	return fmt.Sprintf("%s/pulumi-resource-%s-%s-%s-%s.tar.gz", r.Plugins(), name, version, runtime.GOOS, runtime.GOARCH)
}

// Download installs the official CLI and its Go language host as [CLIProgram] and
// [HostProgram]. The archive must have the checksum that is published beside it.
func (r Releases) Download(ctx context.Context, s *progress.Step, b *build.Builder) error {
	s.Doing("downloading")
	checksum, err := r.Client.Checksum(ctx, r.sdk()+"pulumi-"+strings.TrimPrefix(Version, "v")+"-checksums.txt", engineArchive())
	if err != nil {
		return err
	}
	archive := b.Layout.Local(engineArchive())
	err = r.Client.File(ctx, r.Engine(), checksum, archive, func(done, all int64) {
		s.Doing("downloading %s", megabytes(done, all))
	})
	if err != nil {
		return err
	}
	defer os.Remove(archive)
	s.Doing("unpacking")
	targets := map[string]string{}
	for _, program := range []build.Program{CLIProgram, HostProgram} {
		targets["pulumi/"+program.Name] = b.Layout.Bin(program.Name)
		// The stamp of a program that is about to be replaced must not describe the new one.
		if err := b.Forget(program.Name); err != nil {
			return err
		}
	}
	if err := download.Unpack(archive, targets); err != nil {
		return err
	}
	if err := runs(ctx, b.Layout.Bin(CLIProgram.Name)); err != nil {
		return err
	}
	for _, program := range []build.Program{CLIProgram, HostProgram} {
		if err := b.Stamp(program.Name, downloaded); err != nil {
			return err
		}
	}
	s.Note("%s, downloaded", Version)
	return nil
}

// runs returns an error if the CLI doesn't run here or has another version than it should.
func runs(ctx context.Context, path string) error {
	out, err := process.Output(ctx, "", quiet(), path, "version")
	if err != nil {
		return fmt.Errorf("the downloaded engine doesn't run: %w", err)
	}
	if found := toolcheck.Version(out); found != Version {
		return fmt.Errorf("the downloaded engine has version %q in place of %s", strings.TrimSpace(out), Version)
	}
	return nil
}

func megabytes(done, all int64) string {
	const megabyte = 1e6
	if all < 0 {
		return fmt.Sprintf("%.0f MB", float64(done)/megabyte)
	}
	return fmt.Sprintf("%.0f of %.0f MB", float64(done)/megabyte, float64(all)/megabyte)
}
