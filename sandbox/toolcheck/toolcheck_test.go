package toolcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	for out, want := range map[string]string{
		"go1.26.8\n": "v1.26.8", "go1.27rc1": "v1.27", "v20.20.2": "v20.20.2", "3.11.7": "v3.11.7", "3.13.0rc1": "v3.13.0",
		"v3.255.0": "v3.255.0", "3.255.0-alpha.1": "v3.255.0", "devel go1.27": "",
		"OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19 27 Jan 2026)": "v3.0.19", "OpenSSL 1.1.1w  11 Sep 2023": "v1.1.1", "LibreSSL 3.3.6": "",
		"": "", "unknown": "",
	} {
		if got := Version(out); got != want {
			t.Errorf("%q: got %q, want %q", out, got, want)
		}
	}
}

// script puts a program on a PATH of its own.
func script(t *testing.T, name, body string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

func TestFind(t *testing.T) {
	script(t, "oldtool", "echo go1.9.9")
	script(t, "broken", "echo no module named venv >&2; exit 1")
	for _, test := range []struct{ name, oldest, want string }{
		{"oldtool", "v1.9", ""},
		{"oldtool", "v1.10", "1.10 or newer"},
		{"broken", "v1.0", "no module named venv"},
		{"no-such-tool", "v1.0", "no-such-tool is not on PATH: install it"},
	} {
		_, err := tool{[]string{test.name}, nil, test.oldest, "serves a test"}.find(t.Context())
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s %s: got %v", test.name, test.oldest, err)
		}
	}
}

func TestCheckReportsEverythingAtOnce(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Check(t.Context())
	for _, name := range []string{"go", "python3", "node", "make", "openssl"} {
		if err == nil || !strings.Contains(err.Error(), name+" is not on PATH") {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
}
