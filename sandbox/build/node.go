package build

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// packageFiles tell npm what to install.
var packageFiles = []string{"package.json", "package-lock.json"}

// Node installs exactly the packages that a folder's package-lock.json has, with their
// hashes, in .local under the name. Their scripts are not run.
func (b *Builder) Node(ctx context.Context, s *progress.Step, name, version, folder string) error {
	installed := b.Layout.Local(name)
	hash, err := Hash(filepath.Join(folder, packageFiles[1]), version, installed)
	if err != nil {
		return err
	}
	if b.Fresh(name, hash, filepath.Join(installed, "node_modules")) {
		s.Note("cached")
		return nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("npm is not on PATH: install it (it comes with Node, and installs the clients of the end-to-end tests)")
	}
	if err := errors.Join(os.RemoveAll(installed), os.MkdirAll(installed, 0o755)); err != nil {
		return err
	}
	for _, file := range packageFiles {
		if err := copyFile(filepath.Join(folder, file), filepath.Join(installed, file)); err != nil {
			return err
		}
	}
	install := process.Command{
		Dir: installed, Env: os.Environ(), Log: b.Layout.Log(name),
		Args: []string{npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"},
	}
	if err := install.Run(ctx); err != nil {
		return err
	}
	s.Note("built")
	return b.Stamp(name, hash)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return checkout.WriteFile(to, content, 0o644)
}
