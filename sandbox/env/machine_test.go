package env

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/download"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/survey"
)

const sdks = `module x

require (
	github.com/pulumi/pulumi-aws/sdk/v6 v6.83.0
	github.com/pulumi/pulumi-vault/sdk/v6 v6.7.4
	github.com/pulumi/pulumi-kubernetes/sdk/v4 v4.33.0
)
`

// bare returns a build in a checkout without products, on a machine without Pulumi.
func bare(t *testing.T) Build {
	t.Helper()
	l := checkout.Layout{Root: t.TempDir()}
	t.Setenv("PULUMI_HOME", filepath.Join(l.Root, "home"))
	// A folder with the go command alone.
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	tools := filepath.Join(l.Root, "tools")
	if err := errors.Join(os.Mkdir(tools, 0o755), os.Symlink(goCommand, filepath.Join(tools, "go"))); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools)
	if err := errors.Join(l.Prepare(), os.WriteFile(filepath.Join(l.Root, "go.mod"), []byte(sdks), 0o600)); err != nil {
		t.Fatal(err)
	}
	return Build{Builder: build.New(l)}
}

func install(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o755)); err != nil {
		t.Fatal(err)
	}
}

// publisher responds with an archive to each request but those for a path that ends in one
// of blocked, and counts the requests.
func publisher(t *testing.T, blocked ...string) (r pulumicli.Releases, requests func() int) {
	t.Helper()
	var mu sync.Mutex
	count := 0
	archive := "\x1f\x8b" + strings.Repeat(" ", 2<<20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		count++
		mu.Unlock()
		if slices.ContainsFunc(blocked, func(part string) bool { return strings.Contains(r.URL.Path, part) }) {
			http.Error(w, "blocked", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/gzip")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(archive))
	}))
	t.Cleanup(server.Close)
	return pulumicli.Releases{Base: server.URL, Client: download.Client{CheckTimeout: time.Minute}}, func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}

// sources returns where each part comes from.
func sources(m Machine, b Build) map[string]survey.Source {
	found := map[string]survey.Source{}
	for _, part := range survey.Of(m.Needs(b)) {
		found[part.Name] = part.Source
	}
	return found
}

func TestLook(t *testing.T) {
	for name, test := range map[string]struct {
		blocked []string
		want    map[string]survey.Source
	}{
		"all can be had": {nil, map[string]survey.Source{
			survey.Engine: survey.Downloaded, survey.LanguageHost: survey.Downloaded, survey.AWSPlugin: survey.Downloaded,
			survey.VaultPlugin: survey.Downloaded, survey.KubernetesPlugin: survey.Downloaded,
		}},
		"one can't be had": {[]string{"resource-vault"}, map[string]survey.Source{
			survey.Engine: survey.Downloaded, survey.LanguageHost: survey.Downloaded, survey.AWSPlugin: survey.Downloaded,
			survey.VaultPlugin: survey.Compiled, survey.KubernetesPlugin: survey.Downloaded,
		}},
		"none can be had": {[]string{"/"}, map[string]survey.Source{
			survey.Engine: survey.Compiled, survey.LanguageHost: survey.Compiled, survey.AWSPlugin: survey.Compiled,
			survey.VaultPlugin: survey.Compiled, survey.KubernetesPlugin: survey.Compiled,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := bare(t)
			releases, _ := publisher(t, test.blocked...)
			m, err := Look(t.Context(), b.Builder, releases)
			if err != nil {
				t.Fatal(err)
			}
			found := sources(m, b)
			for part, want := range test.want {
				if found[part] != want {
					t.Errorf("%s: %s, want %s", part, found[part], want)
				}
			}
			for part, want := range map[string]survey.Source{
				survey.Program: survey.Compiled, survey.Lambdas: survey.Compiled, survey.Vault: survey.Package,
				survey.Kubernetes: survey.Compiled, survey.PythonPackages: survey.Package,
			} {
				if found[part] != want {
					t.Errorf("%s: %s, want %s", part, found[part], want)
				}
			}
			if can := m.EngineReleases() != nil; can != (test.want[survey.Engine] == survey.Downloaded) {
				t.Errorf("the engine can be downloaded: %v", can)
			}
		})
	}
}

// What the machine has is used, and nothing is requested then.
func TestLookOnAMachineWithPulumi(t *testing.T) {
	b := bare(t)
	bin := filepath.Join(b.Layout.Root, "usr", "bin")
	install(t, filepath.Join(bin, "pulumi"), "#!/bin/sh\necho "+pulumicli.Version+"\n")
	install(t, filepath.Join(bin, "pulumi-language-go"), "#!/bin/sh\n")
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for name, version := range map[string]string{"aws": "v6.83.0", "vault": "v6.7.4", "kubernetes": "v4.33.0"} {
		install(t, filepath.Join(os.Getenv("PULUMI_HOME"), "plugins", "resource-"+name+"-"+version, "pulumi-resource-"+name), "")
	}
	releases, requests := publisher(t)
	m, err := Look(t.Context(), b.Builder, releases)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range survey.Of(m.Needs(b))[:5] {
		if part.Source != survey.Installed || part.Detail == "" {
			t.Errorf("%+v", part)
		}
	}
	if requests() != 0 {
		t.Errorf("%d requests were sent", requests())
	}
	if err := m.CheckStandIns(t.Context(), b.Builder); err != nil {
		t.Error(err)
	}
}

// Without a Terraform provider, the stand-in for the AWS plugin can't run: that is said
// before anything is built.
func TestCheckStandIns(t *testing.T) {
	for name, test := range map[string]struct {
		blocked []string
		want    []string
	}{
		"download":        {nil, nil},
		"another's":       {[]string{"resource-vault"}, nil},
		"none can be had": {[]string{"/"}, []string{"aws plugin can't be had", "403 Forbidden", "install the provider"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := bare(t)
			module := filepath.Join(b.Layout.Root, "standins", "aws")
			install(t, filepath.Join(module, "go.mod"), "module x\n\ngo 1.26.0\n")
			install(t, filepath.Join(module, "find", "main.go"), "package main\n\nimport \"os\"\n\nfunc main() { println(\"install the provider\"); os.Exit(1) }\n")
			releases, _ := publisher(t, test.blocked...)
			m, err := Look(t.Context(), b.Builder, releases)
			if err != nil {
				t.Fatal(err)
			}
			err = m.CheckStandIns(t.Context(), b.Builder)
			if (err != nil) != (test.want != nil) {
				t.Fatalf("got %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in %v", want, err)
				}
			}
		})
	}
}
