package vaultserver

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
)

// program is a product's program as it is installed.
type program struct {
	name   string
	banner string // the start of what it prints as its version
	oldest string // the lowest version that is taken
}

// The oldest versions are those with everything that the stack and its checks use: Vault
// constrains a certificate authority to addresses since 1.19.
var programs = map[Product]program{
	Vault:   {"vault", "Vault v", "v1.19"},
	OpenBao: {"bao", "OpenBao v", "v2.7"},
}

// installed finds the program on PATH; without one that is taken, the path is empty. What
// the sandbox itself built, below own, is not.
func (p program) installed(ctx context.Context, own string) toolcheck.Found {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path, err := exec.LookPath(filepath.Join(dir, p.name))
		if err != nil || !filepath.IsAbs(path) || strings.HasPrefix(path, own+string(filepath.Separator)) {
			continue
		}
		out, err := process.Output(ctx, "", os.Environ(), path, "version")
		if err != nil {
			continue
		}
		if version, taken := p.version(out); taken {
			return toolcheck.Found{Path: path, Version: version}
		}
	}
	return toolcheck.Found{}
}

// version returns the version in what the program printed, and whether it is taken. That
// of Vault Enterprise is not: it starts with a license only.
func (p program) version(out string) (version string, taken bool) {
	printed, ours := strings.CutPrefix(strings.TrimSpace(out), p.banner)
	printed, _, _ = strings.Cut(printed, " ")
	if !ours || strings.Contains(printed, "+ent") {
		return "", false
	}
	found := toolcheck.Version(printed)
	return strings.TrimPrefix(found, "v"), found != "" && semver.Compare(found, p.oldest) >= 0
}
