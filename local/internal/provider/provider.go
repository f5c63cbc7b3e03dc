// Package provider puts the AWS plugin where the Pulumi CLI looks for it: the
// official one where it can be had, else a stand-in of our own.
package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/gatehouse-iac/gatehouse/local/internal/build"
	"github.com/gatehouse-iac/gatehouse/local/internal/process"
	"github.com/gatehouse-iac/gatehouse/local/internal/progress"
	"github.com/gatehouse-iac/gatehouse/local/internal/pulumi"
)

const (
	sdkModule = "github.com/pulumi/pulumi-aws/sdk/v6"
	binary    = "pulumi-resource-aws"
	official  = "official"

	// downloadTime bounds the attempt to get the official plugin. It is some
	// 200 MB; on a closed network the attempt fails within seconds.
	downloadTime = 5 * time.Minute
)

// The stand-in must not bear the plugin's name where it is built: the CLI would
// find it on PATH and prefer it to what is installed.
var standIn = build.Program{Name: "aws-plugin", Module: "aws", Package: ".", LDFlags: "-s -w"}

// Ensure makes the plugin available to the CLI.
func Ensure(ctx context.Context, s *progress.Step, b *build.Builder, cli pulumi.CLI) error {
	version, err := sdkVersion(filepath.Join(b.Layout.Root, "go.mod"))
	if err != nil {
		return err
	}
	dir := "resource-aws-" + version
	plugin := filepath.Join(b.Layout.PulumiHome(), "plugins", dir, binary)

	if b.Fresh(dir, official, plugin) {
		s.Note("official, cached")
		return nil
	}
	if ours, err := os.ReadFile(b.Layout.Stamp(dir)); err == nil && string(ours) != official {
		return installStandIn(ctx, s, b, cli, dir, plugin)
	}
	if users, found := usersPlugin(dir); found {
		s.Note("official, the user's")
		return errors.Join(link(users, plugin), b.Stamp(dir, official))
	}
	s.Doing("trying to download the official plugin")
	attempt, cancel := context.WithTimeout(ctx, downloadTime)
	defer cancel()
	if err := cli.Run(attempt, "provider-download", nil, "plugin", "install", "resource", "aws", version); err == nil {
		s.Note("official, installed")
		return b.Stamp(dir, official)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return installStandIn(ctx, s, b, cli, dir, plugin)
}

// sdkVersion is the version of the AWS SDK that the program requires; the
// plugin's must be the same.
func sdkVersion(gomod string) (string, error) {
	content, err := os.ReadFile(gomod)
	if err != nil {
		return "", err
	}
	file, err := modfile.ParseLax(gomod, content, nil)
	if err != nil {
		return "", err
	}
	for _, require := range file.Require {
		if require.Mod.Path == sdkModule {
			return require.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", gomod, sdkModule)
}

// usersPlugin finds the plugin in the home of an installed Pulumi.
func usersPlugin(dir string) (string, bool) {
	home := os.Getenv("PULUMI_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", false
		}
		home = filepath.Join(user, ".pulumi")
	}
	path := filepath.Join(home, "plugins", dir, binary)
	if _, err := os.Stat(filepath.Join(home, "plugins", dir+".partial")); err == nil {
		return "", false
	}
	_, err := os.Stat(path)
	return path, err == nil
}

// link makes the user's plugin, of several hundred megabytes, known to the CLI
// without a copy.
func link(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(from, to)
}

// installStandIn builds our plugin and installs it under the official name.
func installStandIn(ctx context.Context, s *progress.Step, b *build.Builder, cli pulumi.CLI, dir, plugin string) error {
	if _, err := b.Go(ctx, s, standIn); err != nil {
		return err
	}
	// The stand-in drives a Terraform provider, and says what to install where
	// there is none.
	if _, err := process.Output(ctx, b.Layout.Root, build.Env(), b.Layout.Bin(standIn.Name), "-find"); err != nil {
		return err
	}
	source, err := os.ReadFile(b.Layout.Stamp(standIn.Name))
	if err != nil {
		return err
	}
	hash := string(source)
	if b.Fresh(dir, hash, plugin) {
		s.Note("stand-in, cached")
		return nil
	}
	s.Doing("installing")
	version := strings.TrimPrefix(dir, "resource-aws-v")
	err = cli.Run(ctx, "provider-install", nil,
		"plugin", "install", "resource", "aws", version, "--file", b.Layout.Bin(standIn.Name), "--reinstall")
	if err != nil {
		return err
	}
	s.Note("stand-in, built")
	return b.Stamp(dir, hash)
}
