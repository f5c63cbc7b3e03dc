// Package layout names the files of the local run.
package checkout

import (
	"errors"
	"os"
	"path/filepath"
)

// Layout is a checkout of the project. Everything the local run makes lies in
// its folder .local.
type Layout struct{ Root string }

// Find returns the checkout that dir lies in.
func Find(dir string) (Layout, error) {
	for at := dir; ; at = filepath.Dir(at) {
		if exists(filepath.Join(at, "Pulumi.yaml")) && exists(filepath.Join(at, "sandbox", "main.go")) {
			return Layout{at}, nil
		}
		if at == filepath.Dir(at) {
			return Layout{}, errors.New("run this inside the checkout: neither " + dir + " nor a folder above it has Pulumi.yaml and sandbox/")
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Local is a path below .local.
func (l Layout) Local(elem ...string) string {
	return filepath.Join(append([]string{l.Root, ".local"}, elem...)...)
}

// Bin is a program that the local run built.
func (l Layout) Bin(name string) string { return l.Local("bin", name) }

// Log is the log of one step.
func (l Layout) Log(name string) string { return l.Local("logs", name+".log") }

// Stamp records what a built thing was built from.
func (l Layout) Stamp(name string) string { return l.Local("stamps", name) }

// Run is a file about what runs now.
func (l Layout) Run(name string) string { return l.Local("run", name) }

// The Python environments: of the local cloud, of the proof, and of what is measured
// beside Gatehouse.
const (
	CloudVenv = "venv"
	ProofVenv = "proof-venv"
	BenchVenv = "bench-venv"
)

// Python is the interpreter of one of the Python environments.
func (l Layout) Python(venv string) string { return l.Local(venv, "bin", "python") }

// State is Pulumi's file backend.
func (l Layout) State() string { return l.Local("state") }

// PulumiHome keeps Pulumi's plugins apart from the user's own.
func (l Layout) PulumiHome() string { return l.Local("pulumi") }

// Passphrase protects the secrets in the local state.
func (l Layout) Passphrase() string { return l.Local("passphrase") }

// Config is the local stack's configuration, complete with what differs from
// machine to machine.
func (l Layout) Config() string { return l.Local("config.yaml") }

// Pipeline is the folder of the pipeline's project.
func (l Layout) Pipeline() string { return filepath.Join(l.Root, "pipeline") }

// PipelineConfig is the configuration of its local stack.
func (l Layout) PipelineConfig() string { return l.Local("pipeline.yaml") }

// Endpoints tells others where the proven stack answers.
func (l Layout) Endpoints() string { return l.Local("endpoints.json") }

// Steps tells how long each step of the last `make local` took.
func (l Layout) Steps() string { return l.Local("logs", "steps.json") }

// Prepare makes the folders.
func (l Layout) Prepare() error {
	for _, dir := range []string{"bin", "logs", "stamps", "run", "pulumi"} {
		if err := os.MkdirAll(l.Local(dir), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile writes a file as a whole or not at all.
func WriteFile(path string, content []byte, mode os.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(content)
	if err = errors.Join(err, temp.Chmod(mode), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
