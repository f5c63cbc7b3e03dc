package pulumicli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/download"
)

// host publishes a release, as Pulumi's does.
type host struct {
	cli      string // the script in place of the CLI
	checksum string // the published one; empty for the right one
	without  string // a program that the archive lacks
	requests []string
}

func (h *host) archive(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	files := tar.NewWriter(zipped)
	for _, name := range []string{"pulumi", "pulumi-language-go", "pulumi-language-yaml"} {
		if name == h.without {
			continue
		}
		if err := files.WriteHeader(&tar.Header{Name: "pulumi/" + name, Mode: 0o755, Size: int64(len(h.cli))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(h.cli)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(files.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (h *host) start(t *testing.T) Releases {
	t.Helper()
	archive := h.archive(t)
	sum := h.checksum
	if sum == "" {
		sum = fmt.Sprintf("%x", sha256.Sum256(archive))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.requests = append(h.requests, r.URL.Path)
		switch r.URL.Path {
		case "/releases/sdk/pulumi-" + Version[1:] + "-checksums.txt":
			fmt.Fprintf(w, "%s  %s\n", sum, engineArchive())
		case "/releases/sdk/" + engineArchive():
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(archive))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return Releases{Base: server.URL, Client: download.Client{CheckTimeout: time.Minute, StallTimeout: time.Minute}}
}

func builder(t *testing.T) *build.Builder {
	t.Helper()
	t.Setenv("PATH", t.TempDir())
	l := checkout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	return build.New(l)
}

const goodCLI = "#!/bin/sh\necho " + Version + "\n"

func TestDownload(t *testing.T) {
	b := builder(t)
	if found := Find(t.Context(), b); found.Path != "" {
		t.Fatalf("found %+v", found)
	}
	h := &host{cli: goodCLI}
	if err := h.start(t).Download(t.Context(), nil, b); err != nil {
		t.Fatal(err)
	}
	want := Engine{Path: b.Layout.Bin("pulumi"), Version: Version, Official: true}
	if found := Find(t.Context(), b); found != want {
		t.Errorf("found %+v, want %+v", found, want)
	}
	if programs, _ := os.ReadDir(b.Layout.Local("bin")); len(programs) != 2 {
		t.Errorf("installed %v", programs)
	}
	if left, _ := filepath.Glob(b.Layout.Local("*.tar.gz*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestDownloadThatIsNotTaken(t *testing.T) {
	for name, test := range map[string]struct {
		host host
		want string
	}{
		"another checksum":          {host{cli: goodCLI, checksum: strings.Repeat("ab", 32)}, "it is not used"},
		"no language host":          {host{cli: goodCLI, without: "pulumi-language-go"}, "it lacks pulumi/pulumi-language-go"},
		"another version":           {host{cli: "#!/bin/sh\necho v3.1.0\n"}, `version "v3.1.0"`},
		"one that doesn't run here": {host{cli: "#!/bin/sh\nexit 1\n"}, "doesn't run"},
	} {
		t.Run(name, func(t *testing.T) {
			b := builder(t)
			if err := test.host.start(t).Download(t.Context(), nil, b); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if found := Find(t.Context(), b); found.Path != "" {
				t.Errorf("found %+v", found)
			}
		})
	}
}

// What was compiled stays known as long as it is there, and no longer.
func TestCompiledEngine(t *testing.T) {
	b := builder(t)
	module := filepath.Join(b.Layout.Root, CLIProgram.Module)
	if err := os.MkdirAll(module, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range []build.Program{CLIProgram, HostProgram} {
		hash, err := build.Hash(module, runtime.Version(), program.Package, program.LDFlags)
		if err != nil {
			t.Fatal(err)
		}
		if found := Find(t.Context(), b); found.Path != "" {
			t.Errorf("without the %s: found %+v", program.Name, found)
		}
		if err := errors.Join(os.WriteFile(b.Layout.Bin(program.Name), nil, 0o755), b.Stamp(program.Name, hash)); err != nil {
			t.Fatal(err)
		}
	}
	if found := Find(t.Context(), b); found.Path == "" || found.Official || found.Installed {
		t.Errorf("found %+v", found)
	}
	h := &host{cli: "#!/bin/sh\nexit 1\n"}
	if err := h.start(t).Download(t.Context(), nil, b); err == nil {
		t.Fatal("an engine that doesn't run was taken")
	}
	if found := Find(t.Context(), b); found.Path != "" {
		t.Errorf("what replaced it is taken for it: %+v", found)
	}
}

func TestAddresses(t *testing.T) {
	processor := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if processor == "" {
		processor = runtime.GOARCH
	}
	for got, want := range map[string]string{
		Official.Engine():                "https://get.pulumi.com/releases/sdk/pulumi-" + Version + "-" + runtime.GOOS + "-" + processor + ".tar.gz",
		Official.Plugin("aws", "v1.2.3"): "https://get.pulumi.com/releases/plugins/pulumi-resource-aws-v1.2.3-" + runtime.GOOS + "-" + runtime.GOARCH + ".tar.gz",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
