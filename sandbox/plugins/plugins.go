// Package plugins installs provider plugins for the Pulumi CLI: the official ones where
// they can be downloaded, otherwise stand-ins of our own.
package plugins

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

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

const (
	official = "official"

	// downloadTime bounds the attempt to get an official plugin. That of AWS is
	// some 200 MB; on a closed network the attempt fails within seconds.
	downloadTime = 5 * time.Minute
)

// Plugin is a provider plugin that the program needs.
type Plugin struct {
	Name string // of the package: "aws"

	sdk string // the module of the package's SDK

	// standIn returns our program for a version, "6.83.0". It must not have the plugin's
	// name where it is built: the CLI would find it on PATH and prefer it to what is
	// installed.
	standIn func(version string) build.Program

	// check has the arguments with which the stand-in reports what else it requires, if it
	// requires something.
	check []string
}

// The plugins that the program needs.
var (
	AWS = Plugin{
		Name: "aws",
		sdk:  "github.com/pulumi/pulumi-aws/sdk/v6",
		standIn: func(string) build.Program {
			return build.Program{Name: "aws-plugin", Module: "standins/aws", Package: ".", LDFlags: "-s -w"}
		},
		check: []string{"-find"}, // the Terraform provider that it drives
	}
	Vault      = Plugin{Name: "vault", sdk: "github.com/pulumi/pulumi-vault/sdk/v6", standIn: ownAPI("vault")}
	Kubernetes = Plugin{Name: "kubernetes", sdk: "github.com/pulumi/pulumi-kubernetes/sdk/v4", standIn: ownAPI("kubernetes")}

	Plugins = []Plugin{AWS, Vault, Kubernetes}
)

// ownAPI returns a stand-in that serves the SDK over the system's own API.
func ownAPI(name string) func(version string) build.Program {
	return func(version string) build.Program {
		return build.Program{Name: name + "-plugin", Module: "standins/plugins", Package: "./" + name, LDFlags: "-s -w -X main.version=" + version}
	}
}

// Ensure makes the plugin available to the CLI.
func (p Plugin) Ensure(ctx context.Context, s *progress.Step, b *build.Builder, cli pulumicli.CLI) error {
	version, err := p.version(filepath.Join(b.Layout.Root, "go.mod"))
	if err != nil {
		return err
	}
	dir := "resource-" + p.Name + "-" + version
	plugin := filepath.Join(b.Layout.PulumiHome(), "plugins", dir, p.binary())

	if b.Fresh(dir, official, plugin) {
		s.Note("official, cached")
		return nil
	}
	if ours, err := os.ReadFile(b.Layout.Stamp(dir)); err == nil && string(ours) != official {
		return p.installStandIn(ctx, s, b, cli, version, dir, plugin)
	}
	if users, found := p.users(dir); found {
		s.Note("official, the user's")
		return errors.Join(link(users, plugin), b.Stamp(dir, official))
	}
	s.Doing("trying to download the official plugin")
	attempt, cancel := context.WithTimeout(ctx, downloadTime)
	defer cancel()
	if err := cli.Run(attempt, p.Name+"-plugin-download", nil, "plugin", "install", "resource", p.Name, version); err == nil {
		s.Note("official, installed")
		return b.Stamp(dir, official)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return p.installStandIn(ctx, s, b, cli, version, dir, plugin)
}

// binary returns the name by which the CLI finds the plugin.
func (p Plugin) binary() string { return "pulumi-resource-" + p.Name }

// version returns the version of the SDK that the program requires; the plugin's must be
// the same.
func (p Plugin) version(gomod string) (string, error) {
	content, err := os.ReadFile(gomod)
	if err != nil {
		return "", err
	}
	file, err := modfile.ParseLax(gomod, content, nil)
	if err != nil {
		return "", err
	}
	for _, require := range file.Require {
		if require.Mod.Path == p.sdk {
			return require.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", gomod, p.sdk)
}

// users finds the plugin in the home directory of an installed Pulumi.
func (p Plugin) users(dir string) (string, bool) {
	home := os.Getenv("PULUMI_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", false
		}
		home = filepath.Join(user, ".pulumi")
	}
	path := filepath.Join(home, "plugins", dir, p.binary())
	if _, err := os.Stat(filepath.Join(home, "plugins", dir+".partial")); err == nil {
		return "", false
	}
	_, err := os.Stat(path)
	return path, err == nil
}

// link makes the user's plugin, of up to several hundred megabytes, available to the CLI
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
func (p Plugin) installStandIn(ctx context.Context, s *progress.Step, b *build.Builder, cli pulumicli.CLI, version, dir, plugin string) error {
	version = strings.TrimPrefix(version, "v")
	standIn := p.standIn(version)
	if _, err := b.Go(ctx, s, standIn); err != nil {
		return err
	}
	if p.check != nil {
		if _, err := process.Output(ctx, b.Layout.Root, build.Env(), append([]string{b.Layout.Bin(standIn.Name)}, p.check...)...); err != nil {
			return err
		}
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
	err = cli.Run(ctx, p.Name+"-plugin-install", nil,
		"plugin", "install", "resource", p.Name, version, "--file", b.Layout.Bin(standIn.Name), "--reinstall")
	if err != nil {
		return err
	}
	s.Note("stand-in, built")
	return b.Stamp(dir, hash)
}
