package plugins

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// versions are those of the SDKs that the project requires.
var versions = map[string]string{"aws": "6.83.0", "vault": "6.7.4", "kubernetes": "4.33.0"}

func dir(p Plugin) string { return p.dir("v" + versions[p.Name]) }

// releases names the server of these tests. Their CLI only records its arguments.
var releases = &pulumicli.Releases{Base: "http://releases.test"}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// source is the main file of a plugin's stand-in.
func source(b *build.Builder, p Plugin) string {
	program := p.standIn(versions[p.Name])
	return filepath.Join(b.Layout.Root, program.Module, program.Package, "main.go")
}

// requiredSource is the main file of the program that checks what the stand-in requires.
func requiredSource(b *build.Builder, p Plugin) string {
	return filepath.Join(b.Layout.Root, p.required.Module, p.required.Package, "main.go")
}

// setUp is a project, and a CLI that records its arguments and obeys script.
func setUp(t *testing.T, p Plugin, script string) (*build.Builder, pulumicli.CLI) {
	t.Helper()
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	b := build.New(l)
	t.Setenv("PULUMI_HOME", filepath.Join(l.Root, "home"))
	requires := "module x\n\ngo 1.26.0\n"
	for _, other := range Plugins {
		requires += "require " + other.sdk + " v" + versions[other.Name] + "\n"
	}
	write(t, filepath.Join(l.Root, "go.mod"), requires)
	write(t, filepath.Join(l.Root, p.standIn("").Module, "go.mod"), "module x\n\ngo 1.26.0\n")
	write(t, source(b, p), "package main\n\nvar version string\n\nfunc main() { print(version) }\n")
	if p.required != nil {
		write(t, requiredSource(b, p), "package main\n\nfunc main() {}\n")
	}
	cli := filepath.Join(l.Root, "cli")
	plugin := filepath.Join(l.PulumiHome(), "plugins", dir(p), p.binary())
	write(t, cli, "#!/bin/sh\necho \"$@\" >> "+l.Root+"/calls\nenv > "+l.Root+"/env\ninstall() { mkdir -p "+filepath.Dir(plugin)+"; touch "+plugin+"; }\n"+script+"\n")
	return b, pulumicli.CLI{Layout: l, Path: cli}
}

func calls(b *build.Builder) []string {
	content, _ := os.ReadFile(filepath.Join(b.Layout.Root, "calls"))
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

// installed returns what the CLI finds as the plugin.
func installed(t *testing.T, b *build.Builder, p Plugin) string {
	t.Helper()
	content, err := os.ReadFile(p.path(b, "v"+versions[p.Name]))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestUsersPluginComesFirst(t *testing.T) {
	for _, p := range Plugins {
		t.Run(p.Name, func(t *testing.T) {
			b, cli := setUp(t, p, "exit 1")
			users := filepath.Join(b.Layout.Root, "home", "plugins", dir(p), p.binary())
			write(t, users, "official")
			if found, err := p.Find(b); err != nil || found.Missing() || found.Installed != users {
				t.Errorf("found %+v, %v", found, err)
			}
			for range 2 {
				if err := p.Ensure(t.Context(), nil, b, is(cli), releases); err != nil {
					t.Fatal(err)
				}
			}
			if got := installed(t, b, p); got != "official" {
				t.Errorf("got %q", got)
			}
			if c := calls(b); c[0] != "" {
				t.Errorf("the CLI was called with %q", c)
			}
		})
	}
}

func TestUsersPluginReplacesWhatIsThere(t *testing.T) {
	p := Plugins[1]
	b, cli := setUp(t, p, "install")
	if err := p.Ensure(t.Context(), nil, b, is(cli), nil); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Dir(p.path(b, "v"+versions[p.Name])) + ".partial"
	write(t, mark, "")
	write(t, filepath.Join(b.Layout.Root, "home", "plugins", dir(p), p.binary()), "official")
	if err := p.Ensure(t.Context(), nil, b, is(cli), nil); err != nil {
		t.Fatal(err)
	}
	if got := installed(t, b, p); got != "official" {
		t.Errorf("got %q", got)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the CLI takes it for incomplete")
	}
}

func TestHalfInstalledPluginOfTheUserIsNotTaken(t *testing.T) {
	p := Plugins[0]
	b, _ := setUp(t, p, "")
	home := filepath.Join(b.Layout.Root, "home", "plugins")
	write(t, filepath.Join(home, dir(p), p.binary()), "half")
	write(t, filepath.Join(home, dir(p)+".partial"), "")
	if _, found := p.users(dir(p)); found {
		t.Error("a half installed plugin was taken")
	}
}

func TestDownloadedOnce(t *testing.T) {
	for _, p := range Plugins {
		t.Run(p.Name, func(t *testing.T) {
			b, cli := setUp(t, p, "install")
			if found, err := p.Find(b); err != nil || !found.Missing() {
				t.Errorf("found %+v, %v", found, err)
			}
			for range 2 {
				if err := p.Ensure(t.Context(), nil, b, is(cli), releases); err != nil {
					t.Fatal(err)
				}
			}
			start, server := "plugin install resource "+p.Name+" v"+versions[p.Name]+" ", " --server http://releases.test/releases/plugins "
			if c := calls(b); len(c) != 1 || !strings.HasPrefix(c[0], start) || !strings.Contains(c[0], server) {
				t.Errorf("the CLI was called with %q", c)
			}
			if env, err := os.ReadFile(filepath.Join(b.Layout.Root, "env")); err != nil || !strings.Contains(string(env), "PULUMI_DISABLE_REGISTRY_RESOLVE=true\n") {
				t.Errorf("the CLI tries other servers too: %v", err)
			}
			if found, err := p.Find(b); err != nil || !found.Official || found.Missing() {
				t.Errorf("then found %+v, %v", found, err)
			}
			if _, err := os.Stat(b.Layout.Bin(p.Name + "-plugin")); err == nil {
				t.Error("the stand-in was built as well")
			}
		})
	}
}

func TestStandInWhereNothingCanBeDownloaded(t *testing.T) {
	for _, p := range Plugins {
		t.Run(p.Name, func(t *testing.T) {
			b, cli := setUp(t, p, "install")
			for range 2 {
				if err := p.Ensure(t.Context(), nil, b, is(cli), nil); err != nil {
					t.Fatal(err)
				}
			}
			file := "--file " + b.Layout.Bin(p.Name+"-plugin")
			if c := calls(b); len(c) != 1 || !strings.Contains(c[0], " "+p.Name+" "+versions[p.Name]+" "+file) {
				t.Fatalf("the CLI was called with %q", c)
			}
			if found, err := p.Find(b); err != nil || !found.StandIn || found.Missing() {
				t.Errorf("found %+v, %v", found, err)
			}
			write(t, source(b, p), "package main\n\nfunc main() { println() }\n")
			if found, err := p.Find(b); err != nil || !found.Missing() {
				t.Errorf("changed: found %+v, %v", found, err)
			}
			if err := p.Ensure(t.Context(), nil, b, is(cli), nil); err != nil {
				t.Fatal(err)
			}
			if c := calls(b); len(c) != 2 || !strings.Contains(c[1], file) {
				t.Errorf("a changed stand-in was not installed: %q", c)
			}
		})
	}
}

// A stand-in of other sources is not built again where the official plugin can be had.
func TestDownloadReplacesAnOldStandIn(t *testing.T) {
	p := Plugins[1]
	b, cli := setUp(t, p, "install")
	if err := p.Ensure(t.Context(), nil, b, is(cli), nil); err != nil {
		t.Fatal(err)
	}
	write(t, p.path(b, "v"+versions[p.Name]), "stand-in")
	write(t, source(b, p), "package main\n\nfunc main() { undefined() }\n")
	if err := p.Ensure(t.Context(), nil, b, is(cli), releases); err != nil {
		t.Fatal(err)
	}
	if got := installed(t, b, p); got != "" {
		t.Errorf("got %q", got)
	}
	if found, err := p.Find(b); err != nil || !found.Official {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestStandInAfterAFailedDownload(t *testing.T) {
	for _, p := range Plugins[:2] { // with and without requirements
		t.Run(p.Name, func(t *testing.T) {
			b, cli := setUp(t, p, `case "$*" in *--file*) install;; *) install; exit 1;; esac`)
			if err := p.Ensure(t.Context(), nil, b, is(cli), releases); err != nil {
				t.Fatal(err)
			}
			if c := calls(b); len(c) != 2 || !strings.Contains(c[1], "--file ") {
				t.Errorf("the CLI was called with %q", c)
			}
			if found, err := p.Find(b); err != nil || !found.StandIn || found.Official {
				t.Errorf("found %+v, %v", found, err)
			}
		})
	}
}

// The engine compares the version with the SDK's.
func TestStandInKnowsItsVersion(t *testing.T) {
	p := Plugins[1]
	b, cli := setUp(t, p, "install")
	write(t, source(b, p), "package main\n\nimport \"os\"\n\nvar version string\n\nfunc main() { os.Stdout.WriteString(version) }\n")
	if err := p.Ensure(t.Context(), nil, b, is(cli), nil); err != nil {
		t.Fatal(err)
	}
	if got := output(t, b.Layout.Bin("vault-plugin")); got != versions["vault"] {
		t.Errorf("it takes itself for %q", got)
	}
}

func output(t *testing.T, program string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// It is found out before the stand-in is built.
func TestStandInThatLacksSomething(t *testing.T) {
	p := Plugins[0]
	b, cli := setUp(t, p, "exit 1")
	if err := p.CheckStandIn(t.Context(), nil, b); err != nil {
		t.Error(err)
	}
	write(t, requiredSource(b, p), "package main\n\nimport \"os\"\n\nfunc main() { println(\"install the provider\"); os.Exit(1) }\n")
	for name, err := range map[string]error{
		"before": p.CheckStandIn(t.Context(), nil, b), "after a failed download": p.Ensure(t.Context(), nil, b, is(cli), releases),
	} {
		if err == nil || !strings.Contains(err.Error(), "install the provider") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := os.Stat(b.Layout.Bin("aws-plugin")); err == nil {
		t.Error("the stand-in was built")
	}
	if err := Plugins[1].CheckStandIn(t.Context(), nil, b); err != nil {
		t.Errorf("a stand-in that requires nothing: %v", err)
	}
}

func TestProgramWithoutSDK(t *testing.T) {
	path := filepath.Join(t.TempDir(), "go.mod")
	write(t, path, "module x\n")
	for _, p := range Plugins {
		if _, err := p.version(path); err == nil || !strings.Contains(err.Error(), p.sdk) {
			t.Errorf("%s: got %v", p.Name, err)
		}
	}
}

// TestProjectRequiresTheSDKs reads this project's own go.mod.
func TestProjectRequiresTheSDKs(t *testing.T) {
	for _, p := range Plugins {
		if _, err := p.version(filepath.Join("..", "..", "go.mod")); err != nil {
			t.Error(err)
		}
	}
}

// is returns a CLI that is there.
func is(cli pulumicli.CLI) GetCLI {
	return func(context.Context) (pulumicli.CLI, error) { return cli, nil }
}
