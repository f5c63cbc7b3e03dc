package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/local/internal/build"
	"github.com/gatehouse-iac/gatehouse/local/internal/layout"
	"github.com/gatehouse-iac/gatehouse/local/internal/pulumi"
)

const dir = "resource-aws-v6.83.0"

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// setUp is a project, and a CLI that records its arguments and obeys script.
func setUp(t *testing.T, script string) (*build.Builder, pulumi.CLI) {
	t.Helper()
	l := layout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PULUMI_HOME", filepath.Join(l.Root, "home"))
	write(t, filepath.Join(l.Root, "go.mod"), "module x\n\ngo 1.26.0\n\nrequire github.com/pulumi/pulumi-aws/sdk/v6 v6.83.0\n")
	write(t, filepath.Join(l.Root, "local", "aws", "go.mod"), "module x\n\ngo 1.26.0\n")
	write(t, filepath.Join(l.Root, "local", "aws", "main.go"), "package main\n\nfunc main() {}\n")
	cli := filepath.Join(l.Root, "cli")
	plugin := filepath.Join(l.PulumiHome(), "plugins", dir, binary)
	write(t, cli, "#!/bin/sh\necho \"$@\" >> "+l.Root+"/calls\ninstall() { mkdir -p "+filepath.Dir(plugin)+"; touch "+plugin+"; }\n"+script+"\n")
	return build.New(l), pulumi.CLI{Layout: l, Path: cli}
}

func calls(b *build.Builder) []string {
	content, _ := os.ReadFile(filepath.Join(b.Layout.Root, "calls"))
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

func TestUsersPluginComesFirst(t *testing.T) {
	b, cli := setUp(t, "exit 1")
	users := filepath.Join(b.Layout.Root, "home", "plugins", dir, binary)
	write(t, users, "official")
	for range 2 {
		if err := Ensure(t.Context(), nil, b, cli); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.Join(b.Layout.PulumiHome(), "plugins", dir, binary))
	if err != nil || string(got) != "official" {
		t.Errorf("got %q, %v", got, err)
	}
	if c := calls(b); c[0] != "" {
		t.Errorf("the CLI was asked for %q", c)
	}
}

func TestHalfInstalledPluginOfTheUserIsNotTaken(t *testing.T) {
	b, _ := setUp(t, "")
	home := filepath.Join(b.Layout.Root, "home", "plugins")
	write(t, filepath.Join(home, dir, binary), "half")
	write(t, filepath.Join(home, dir+".partial"), "")
	if _, found := usersPlugin(dir); found {
		t.Error("a half installed plugin was taken")
	}
}

func TestDownloadedOnce(t *testing.T) {
	b, cli := setUp(t, "install")
	for range 2 {
		if err := Ensure(t.Context(), nil, b, cli); err != nil {
			t.Fatal(err)
		}
	}
	if c := calls(b); len(c) != 1 || !strings.HasPrefix(c[0], "plugin install resource aws v6.83.0 ") {
		t.Errorf("the CLI was asked for %q", c)
	}
}

func TestStandInWhereNothingCanBeDownloaded(t *testing.T) {
	b, cli := setUp(t, `case "$*" in *--file*) install;; *) echo no such host >&2; exit 1;; esac`)
	for range 2 {
		if err := Ensure(t.Context(), nil, b, cli); err != nil {
			t.Fatal(err)
		}
	}
	if c := calls(b); len(c) != 2 || !strings.Contains(c[1], "--file "+b.Layout.Bin(standIn.Name)) {
		t.Fatalf("the CLI was asked for %q", c)
	}
	write(t, filepath.Join(b.Layout.Root, "local", "aws", "main.go"), "package main\n\nfunc main() { println() }\n")
	if err := Ensure(t.Context(), nil, b, cli); err != nil {
		t.Fatal(err)
	}
	if c := calls(b); len(c) != 3 || !strings.Contains(c[2], "--file") {
		t.Errorf("a changed stand-in was not installed: %q", c)
	}
}

func TestStandInWithoutTerraformProvider(t *testing.T) {
	b, cli := setUp(t, "exit 1")
	write(t, filepath.Join(b.Layout.Root, "local", "aws", "main.go"),
		"package main\n\nimport \"os\"\n\nfunc main() { println(\"install the provider\"); os.Exit(1) }\n")
	if err := Ensure(t.Context(), nil, b, cli); err == nil || !strings.Contains(err.Error(), "install the provider") {
		t.Errorf("got %v", err)
	}
}

func TestProgramWithoutSDK(t *testing.T) {
	path := filepath.Join(t.TempDir(), "go.mod")
	write(t, path, "module x\n")
	if _, err := sdkVersion(path); err == nil || !strings.Contains(err.Error(), sdkModule) {
		t.Errorf("got %v", err)
	}
}
