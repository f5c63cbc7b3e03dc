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

	// downloadTime bounds the download of an official plugin. That of AWS is some 200 MB.
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

	// required checks what the stand-in requires of the machine: a program that fails with
	// the remedy, if it requires something. It takes a second to build.
	required *build.Program
}

// The plugins that the program needs.
var (
	AWS = Plugin{
		Name: "aws",
		sdk:  "github.com/pulumi/pulumi-aws/sdk/v6",
		standIn: func(string) build.Program {
			return build.Program{Name: "aws-plugin", Module: "standins/aws", Package: ".", LDFlags: "-s -w", Priority: build.AWSPlugin}
		},
		// The Terraform provider that it drives.
		required: &build.Program{Name: "aws-plugin-find", Module: "standins/aws", Package: "./find", LDFlags: "-s -w", Priority: build.AWSPlugin},
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

// Found is a plugin as it is there before anything is downloaded or built.
type Found struct {
	Version   string // that is needed, "v6.83.0"
	Installed string // the path of the user's own
	Official  bool   // ours is the official one, and complete
	StandIn   bool   // ours is the stand-in, built from the sources as they are
}

// Missing reports whether the plugin is yet to be downloaded or built.
func (f Found) Missing() bool { return f.Installed == "" && !f.Official && !f.StandIn }

// Find looks for the plugin: one that the user has comes first.
func (p Plugin) Find(b *build.Builder) (Found, error) {
	version, err := p.version(filepath.Join(b.Layout.Root, "go.mod"))
	if err != nil {
		return Found{}, err
	}
	found := Found{Version: version}
	if users, there := p.users(p.dir(version)); there {
		found.Installed = users
		return found, nil
	}
	found.Official = b.Fresh(p.dir(version), official, p.path(b, version))
	if !found.Official {
		found.StandIn = p.standInIsFresh(b, version)
	}
	return found, nil
}

func (p Plugin) standInIsFresh(b *build.Builder, version string) bool {
	program := p.standIn(strings.TrimPrefix(version, "v"))
	source, err := os.ReadFile(b.Layout.Stamp(program.Name))
	return err == nil && b.Built(program) && b.Fresh(p.dir(version), string(source), p.path(b, version))
}

// CheckStandIn fails if the machine lacks what the stand-in requires. It is called before
// anything is built for minutes, unless the official plugin can be had.
func (p Plugin) CheckStandIn(ctx context.Context, s *progress.Step, b *build.Builder) error {
	if p.required == nil {
		return nil
	}
	if _, err := b.Go(ctx, s, *p.required); err != nil {
		return err
	}
	_, err := process.Output(ctx, b.Layout.Root, build.Env(), b.Layout.Bin(p.required.Name))
	return err
}

// GetCLI returns the CLI. It may wait until there is one.
type GetCLI func(context.Context) (pulumicli.CLI, error)

// Ensure makes the plugin available to the CLI. Releases are those that it may be
// downloaded from; nil if it can't be. A stand-in is compiled before there is a CLI.
func (p Plugin) Ensure(ctx context.Context, s *progress.Step, b *build.Builder, get GetCLI, releases *pulumicli.Releases) error {
	found, err := p.Find(b)
	if err != nil {
		return err
	}
	plugin := p.path(b, found.Version)
	switch {
	case found.Installed != "":
		s.Note("official, the user's")
		return errors.Join(link(found.Installed, plugin), b.Stamp(p.dir(found.Version), official))
	case found.Official:
		s.Note("official, cached")
		return nil
	case found.StandIn:
		s.Note("stand-in, cached")
		return nil
	}
	if releases != nil {
		err := p.download(ctx, s, b, get, found.Version, *releases)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if err := p.CheckStandIn(ctx, s, b); err != nil {
			return err
		}
	}
	return p.installStandIn(ctx, s, b, get, found.Version)
}

// download installs the official plugin. It requests it from the releases only: the CLI
// would otherwise try three servers in turn.
func (p Plugin) download(ctx context.Context, s *progress.Step, b *build.Builder, get GetCLI, version string, r pulumicli.Releases) error {
	s.Waiting()
	cli, err := get(ctx)
	if err != nil {
		return err
	}
	s.Doing("downloading the official plugin")
	if err := errors.Join(b.Forget(p.dir(version)), os.RemoveAll(filepath.Dir(p.path(b, version)))); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, downloadTime)
	defer cancel()
	cli.Environment = map[string]string{"PULUMI_DISABLE_REGISTRY_RESOLVE": "true"}
	err = cli.Run(limited, p.Name+"-plugin-download", nil, "plugin", "install", "resource", p.Name, version, "--server", r.Plugins())
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	s.Note("official, downloaded")
	return b.Stamp(p.dir(version), official)
}

// dir returns the name of the plugin's folder.
func (p Plugin) dir(version string) string { return "resource-" + p.Name + "-" + version }

// path returns where the CLI finds the plugin.
func (p Plugin) path(b *build.Builder, version string) string {
	return filepath.Join(b.Layout.PulumiHome(), "plugins", p.dir(version), p.binary())
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
	if there, err := os.Readlink(to); err == nil && there == from {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	// The CLI takes a plugin for incomplete that an interrupted download left a mark beside.
	for _, path := range []string{to, filepath.Dir(to) + ".partial"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Symlink(from, to)
}

// installStandIn builds our plugin and installs it under the official name.
func (p Plugin) installStandIn(ctx context.Context, s *progress.Step, b *build.Builder, get GetCLI, version string) error {
	number := strings.TrimPrefix(version, "v")
	standIn := p.standIn(number)
	if _, err := b.Go(ctx, s, standIn); err != nil {
		return err
	}
	source, err := os.ReadFile(b.Layout.Stamp(standIn.Name))
	if err != nil {
		return err
	}
	s.Waiting()
	cli, err := get(ctx)
	if err != nil {
		return err
	}
	s.Doing("installing")
	err = cli.Run(ctx, p.Name+"-plugin-install", nil,
		"plugin", "install", "resource", p.Name, number, "--file", b.Layout.Bin(standIn.Name), "--reinstall")
	if err != nil {
		return err
	}
	s.Note("stand-in, built")
	return b.Stamp(p.dir(version), string(source))
}
