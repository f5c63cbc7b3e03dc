// Package browser finds a Chromium for tests of pages, starts it without a window, and drives
// it by the Chrome DevTools Protocol.
package browser

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// Variable names the environment variable with the path of a Chromium.
const Variable = "CHROMIUM"

// Browser is an installed Chromium.
type Browser struct {
	path    string
	environ []string

	// Log is the path of the file with its output.
	Log string
}

// Find returns the Chromium of the environment variable, one on the PATH, or that which a
// package of npm brings. It skips the test where there is none: that package has one
// for Linux on x86-64 alone.
func Find(t testing.TB, l checkout.Layout) Browser {
	t.Helper()
	b := Browser{path: os.Getenv(Variable), environ: os.Environ(), Log: l.Log("browser")}
	if b.path != "" {
		return b
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome-headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			b.path = path
			return b
		}
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skipf("no Chromium: install one, or set %s to its path", Variable)
	}
	folder, err := install(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	fonts := l.Local(checkout.Browser, "fonts.conf")
	if err := checkout.WriteFile(fonts, []byte(fontsIn(filepath.Join(folder, "fonts"))), 0o644); err != nil {
		t.Fatal(err)
	}
	b.path = filepath.Join(folder, "chromium")
	b.environ = append(b.environ, "LD_LIBRARY_PATH="+filepath.Join(folder, "lib"), "FONTCONFIG_FILE="+fonts)
	return b
}

// fontsIn returns the configuration of fontconfig with the fonts of a folder. The package's
// own has the folders of Lambda, and without any font the browser ends at the first form.
func fontsIn(folder string) string {
	return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>` + folder + `</dir>
  <cachedir>` + filepath.Join(filepath.Dir(folder), "fonts-cache") + `</cachedir>
</fontconfig>
`
}

// install installs the package with the browser, and unpacks it.
func install(ctx context.Context, l checkout.Layout) (folder string, err error) {
	build, err := env.NewBuild(ctx, l)
	if err != nil {
		return "", err
	}
	source := filepath.Join(l.Root, "test", "e2e", "browser")
	installed := l.Local(checkout.Browser)
	folder = filepath.Join(installed, "chromium")
	if err := build.Node(ctx, nil, checkout.Browser, build.Tools["node"].Version, source); err != nil {
		return "", err
	}
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	script, err := os.ReadFile(filepath.Join(source, "unpack.mjs"))
	if err != nil {
		return "", err
	}
	if err := checkout.WriteFile(filepath.Join(installed, "unpack.mjs"), script, 0o644); err != nil {
		return "", err
	}
	// Under another name until it is whole.
	_, err = process.Output(ctx, installed, os.Environ(), "node", "unpack.mjs", folder+".part")
	return folder, errors.Join(err, os.Rename(folder+".part", folder))
}

// Command returns the command that runs the browser with a new profile in a folder. The flags
// keep it from calling its maker's services.
func (b Browser) Command(profile string, more ...string) process.Command {
	args := []string{
		b.path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
		"--user-data-dir=" + profile,
	}
	return process.Command{Env: b.environ, Log: b.Log, Args: append(args, more...)}
}
