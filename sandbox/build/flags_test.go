package build

import (
	"os"
	"strings"
	"testing"
)

func TestMakefileHasTheSameSettings(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", "")
	for _, setting := range Settings() {
		line := "\nexport " + strings.Replace(setting, "=", " := ", 1) + "\n"
		if !strings.Contains(string(makefile), line) {
			t.Errorf("the Makefile lacks the line %q: packages would be compiled twice", strings.TrimSpace(line))
		}
	}
}

func TestSettingsKeepTheUsersFlags(t *testing.T) {
	t.Setenv("GOFLAGS", "-trimpath -mod=readonly")
	if got, want := Settings()[0], "GOFLAGS=-trimpath -mod=readonly -gcflags=all=-dwarf=false"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
