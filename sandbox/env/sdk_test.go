package env

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program returns a build of a program that uses a function of an SDK in its own folder.
func program(t *testing.T, function string) Build {
	t.Helper()
	b := bare(t)
	install := func(path, content string) { install(t, filepath.Join(b.Layout.Root, path), content) }
	const sdk = "github.com/pulumi/pulumi-x/sdk/v2"
	install("go.mod", "module p\n\ngo 1.26.0\n\nrequire "+sdk+" v2.0.0\n\nreplace "+sdk+" => ./x\n")
	install("go.sum", "")
	const main = "package main\n\nimport x \"" + sdk + "/go\"\n\nfunc main() { x.Used() }\n"
	install("main.go", main)
	install("pipeline/main.go", main)
	install("x/go.mod", "module "+sdk+"\n\ngo 1.26.0\n")
	install("x/go/x.go", "package x\n\n"+function+"\n\nfunc Unused() {}\n")
	return b
}

func TestTrimSDKs(t *testing.T) {
	const plain, directive = "func Used() {}", "//go:noinline\nfunc Used() {}"
	for name, test := range map[string]struct {
		function, choice string
		official         bool
		trimmed          bool
		said, problem    string
	}{
		"by default":           {function: plain, trimmed: true},
		"official engine":      {function: plain, official: true},
		"whole":                {function: plain, choice: "whole"},
		"trimmed":              {function: plain, choice: "trimmed", official: true, trimmed: true},
		"neither":              {function: plain, choice: "half", problem: `SANDBOX_SDK is "half"; allowed: whole, trimmed`},
		"not understood":       {function: directive, said: "with whole SDKs: trim the SDKs"},
		"not understood, must": {function: directive, choice: "trimmed", problem: "trim the SDKs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(sdkVariable, test.choice)
			b := program(t, test.function)
			var said strings.Builder
			for range 2 { // the second time, nothing is left to do or to say
				err := trimSDKs(t.Context(), b.Builder, test.official, func(format string, args ...any) { fmt.Fprintf(&said, format, args...) })
				if (err != nil) != (test.problem != "") || err != nil && !strings.Contains(err.Error(), test.problem) {
					t.Fatalf("got %v, want %q", err, test.problem)
				}
			}
			if strings.Count(said.String(), "whole") != strings.Count(test.said, "whole") || !strings.HasPrefix(said.String(), test.said) {
				t.Errorf("said %q, want %q", said.String(), test.said)
			}
			content, err := os.ReadFile(filepath.Join(b.Layout.SDK(), "github.com/pulumi/pulumi-x/sdk/v2/go/x.go"))
			if (err == nil) != test.trimmed {
				t.Errorf("there is a copy: %v", err == nil)
			}
			if strings.Contains(string(content), "Unused") {
				t.Errorf("the copy has what is not used: %s", content)
			}
		})
	}
}
