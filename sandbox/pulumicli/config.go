package pulumicli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"

	"go.yaml.in/yaml/v3"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

// stackConfig is a stack's configuration file.
type stackConfig struct {
	Config map[string]any `yaml:"config,omitempty"`
	Others map[string]any `yaml:",inline"`
}

// salt names the entry from which, with the passphrase, Pulumi derives the key of the
// stack's secrets.
const salt = "encryptionsalt"

// WriteConfig writes the stack's configuration: the one that is committed with the program,
// with the settings of this machine.
func (c CLI) WriteConfig(machine map[string]any) error {
	return writeConfig(c.project(), c.Layout.Config(), machine)
}

// WritePipelineConfig does what [CLI.WriteConfig] does for the pipeline's project.
func WritePipelineConfig(l checkout.Layout, machine map[string]any) error {
	return writeConfig(l.Pipeline(), l.PipelineConfig(), machine)
}

func writeConfig(project, target string, machine map[string]any) error {
	committed, err := os.ReadFile(filepath.Join(project, "Pulumi."+StackName+".yaml"))
	if err != nil {
		return err
	}
	before, err := os.ReadFile(target)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	content, err := composeConfig(committed, before, machine)
	if err != nil {
		return err
	}
	return checkout.WriteFile(target, content, 0o600)
}

// Setting returns what the stack's configuration has for a key; nil if it has nothing.
func Setting(l checkout.Layout, key string) (any, error) {
	content, err := os.ReadFile(l.Config())
	if err != nil {
		return nil, err
	}
	var config stackConfig
	err = yaml.Unmarshal(content, &config)
	return config.Config[key], err
}

// LambdaArchitecture returns this machine's processor as Lambda spells it. The AWS server
// runs functions as plain processes, so they must be built for it.
func LambdaArchitecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

// composeConfig returns the committed configuration with the settings of this machine, and
// the salt from before.
func composeConfig(committed, before []byte, machine map[string]any) ([]byte, error) {
	var config, old stackConfig
	if err := yaml.Unmarshal(committed, &config); err != nil {
		return nil, fmt.Errorf("configuration Pulumi.%s.yaml: %w", StackName, err)
	}
	if err := yaml.Unmarshal(before, &old); err != nil {
		return nil, fmt.Errorf(".local/config.yaml: %w; remove it", err)
	}
	if config.Config == nil {
		config.Config = map[string]any{}
	}
	maps.Copy(config.Config, machine)
	if value, found := old.Others[salt]; found {
		if config.Others == nil {
			config.Others = map[string]any{}
		}
		config.Others[salt] = value
	}
	content, err := yaml.Marshal(config)
	return append([]byte("# Made by `make local` from Pulumi."+StackName+".yaml; changes here are overwritten.\n"), content...), err
}
