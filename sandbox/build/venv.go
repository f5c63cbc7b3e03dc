package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// Venv creates a virtual environment for Python with exactly the packages of
// requirements, in .local under its name. It has its own path in it and can't be moved
// into place, so an incomplete one is known by its missing stamp, and created again.
func (b *Builder) Venv(ctx context.Context, s *progress.Step, name, python, version, requirements string) error {
	venv := b.Layout.Local(name)
	hash, err := b.venvHash(name, version, requirements)
	if err != nil {
		return err
	}
	if b.Fresh(name, hash, b.Layout.Python(name)) {
		s.Note("cached")
		return nil
	}
	if err := os.RemoveAll(venv); err != nil {
		return err
	}
	make := process.Command{Env: os.Environ(), Args: []string{python, "-m", "venv", venv}, Log: b.Layout.Log(name)}
	if err := make.Run(ctx); err != nil {
		return err
	}
	install := process.Command{
		Env: os.Environ(), Log: b.Layout.Log(name),
		Args: []string{
			filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input",
			"--no-compile", "--require-hashes", "--requirement", requirements,
		},
		Watch: func(line string) {
			if collected, found := strings.CutPrefix(line, "Collecting "); found {
				s.Doing("%s", strings.Fields(collected)[0])
			}
		},
	}
	if err := install.Run(ctx); err != nil {
		return err
	}
	s.Note("built")
	return b.Stamp(name, hash)
}

// VenvBuilt reports whether the environment has exactly the packages of requirements.
func (b *Builder) VenvBuilt(name, version, requirements string) bool {
	hash, err := b.venvHash(name, version, requirements)
	return err == nil && b.Fresh(name, hash, b.Layout.Python(name))
}

func (b *Builder) venvHash(name, version, requirements string) (string, error) {
	return Hash(requirements, version, b.Layout.Local(name))
}
