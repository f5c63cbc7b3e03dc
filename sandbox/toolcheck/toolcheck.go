// Package toolcheck checks that the machine has the tools that the sandbox needs.
package toolcheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// tool is a program that must be on PATH.
type tool struct {
	names   []string // any of them
	version []string // arguments that print the version
	oldest  string   // the lowest version that is accepted; "" for any
	purpose string
}

var needed = []tool{
	{[]string{"go"}, []string{"env", "GOVERSION"}, "v1.26", "compiles the program"},
	{[]string{"python3", "python"}, []string{"-c", "import platform, venv, ensurepip; print(platform.python_version())"}, "v3.10", "with venv and pip, runs the AWS server"},
	{[]string{"node"}, []string{"--version"}, "v18", "runs CloudFront Functions"},
	{[]string{"make"}, []string{"--version"}, "", "builds the Lambda functions"},
	{[]string{"openssl"}, []string{"version"}, "v1.1.1", "verifies certificates as another client than Go's, and not LibreSSL"},
}

// Found has the path and version of a tool on this machine.
type Found struct{ Path, Version string }

// Check looks for every tool and reports all that is missing in one error. The
// key of the result is the tool's first name.
func Check(ctx context.Context) (map[string]Found, error) {
	found, problems := map[string]Found{}, []error(nil)
	for _, t := range needed {
		f, err := t.find(ctx)
		if err != nil {
			problems = append(problems, err)
		}
		found[t.names[0]] = f
	}
	return found, errors.Join(problems...)
}

func (t tool) find(ctx context.Context) (Found, error) {
	var problem error
	for _, name := range t.names {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		out, err := process.Output(ctx, "", os.Environ(), append([]string{path}, t.version...)...)
		if err != nil {
			problem = fmt.Errorf("%s does not work: %w", path, err)
			continue
		}
		version := Version(out)
		if t.oldest == "" || version != "" && semver.Compare(version, t.oldest) >= 0 {
			return Found{path, version}, nil
		}
		problem = fmt.Errorf("%s is %s, and %s or newer is needed (it %s)", path, strings.TrimSpace(out), t.oldest[1:], t.purpose)
	}
	if problem == nil {
		problem = fmt.Errorf("%s is not on PATH: install it (it %s)", t.names[0], t.purpose)
	}
	return Found{}, problem
}

// Version finds a version such as go1.26.8, v20.20.2, 3.11.7 or OpenSSL 3.0.19 at
// the start of what a program printed, in the form v1.2.3; "" if there is none.
func Version(out string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
	for _, prefix := range []string{"go", "v", "OpenSSL "} {
		word = strings.TrimPrefix(word, prefix)
	}
	end := strings.IndexFunc(word, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end >= 0 {
		word = word[:end]
	}
	version := "v" + strings.TrimSuffix(word, ".")
	if !semver.IsValid(version) {
		return ""
	}
	return version
}
