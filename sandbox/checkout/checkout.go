// Package checkout names the files that the sandbox has in a checkout of the project, and
// locks the sandbox.
package checkout

import (
	"errors"
	"os"
	"path/filepath"
)

// Layout is a checkout of the project. Everything that the sandbox writes lies in its
// folder .local.
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

// Local returns a path below .local.
func (l Layout) Local(elem ...string) string {
	return filepath.Join(append([]string{l.Root, ".local"}, elem...)...)
}

// Bin returns the path of a program that was built.
func (l Layout) Bin(name string) string { return l.Local("bin", name) }

// Log returns the path of the log of one step.
func (l Layout) Log(name string) string { return l.Local("logs", name+".log") }

// Stamp returns the path of the file that records from what a product was built.
func (l Layout) Stamp(name string) string { return l.Local("stamps", name) }

// Run returns the path of a file about what runs now.
func (l Layout) Run(name string) string { return l.Local("run", name) }

// The virtual environments for Python: of the AWS server, of the end-to-end tests' clients,
// of the suites of client libraries, and of the authorizer that the benchmark compares.
const (
	CloudVenv  = "venv"
	ProofVenv  = "proof-venv"
	SuitesVenv = "suites-venv"
	BenchVenv  = "bench-venv"
)

// SuitesNode has the packages of Node, and copies of the tests that import them.
const SuitesNode = "suites-node"

// Browser has the browser of the end-to-end tests, if the machine has none.
const Browser = "browser"

// Python returns the path of the interpreter of one of the virtual environments.
func (l Layout) Python(venv string) string { return l.Local(venv, "bin", "python") }

// SDK returns the folder of the copies of the SDKs that the program is compiled from. It is
// empty where the program is compiled from the SDKs as they are.
func (l Layout) SDK() string { return l.Local("sdk") }

// SDKFlags returns the go command's flag for the copies of the SDKs, none if there are none.
func (l Layout) SDKFlags() []string {
	if file := filepath.Join(l.SDK(), "go.mod"); exists(file) {
		return []string{"-modfile=" + file}
	}
	return nil
}

// State returns the folder of Pulumi's file backend.
func (l Layout) State() string { return l.Local("state") }

// PulumiHome returns the folder that keeps Pulumi's plugins apart from the user's own.
func (l Layout) PulumiHome() string { return l.Local("pulumi") }

// Passphrase returns the path of the passphrase of the secrets in the state.
func (l Layout) Passphrase() string { return l.Local("passphrase") }

// Config returns the path of the stack's configuration, complete with the settings that
// differ from machine to machine.
func (l Layout) Config() string { return l.Local("config.yaml") }

// Pipeline returns the folder of the pipeline's project.
func (l Layout) Pipeline() string { return filepath.Join(l.Root, "pipeline") }

// PipelineConfig returns the path of the configuration of the pipeline's stack.
func (l Layout) PipelineConfig() string { return l.Local("pipeline.yaml") }

// Endpoints returns the path of the file with the addresses of the tested stack.
func (l Layout) Endpoints() string { return l.Local("endpoints.json") }

// ClientKey returns the path of the file with the key of the sandbox's own client. Only its
// owner can read it.
func (l Layout) ClientKey() string { return l.Local("client.key") }

// Steps returns the path of the file with the duration of each step of the last
// `make local`.
func (l Layout) Steps() string { return l.Local("logs", "steps.json") }

// Prepare creates the folders.
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
