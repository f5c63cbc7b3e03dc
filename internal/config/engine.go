package config

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FromEngine loads the settings of the running Pulumi program. It reads the whole
// configuration, not key by key as the SDK's config package does, so that a
// misspelt key is found.
func FromEngine() (Settings, error) {
	r := newReader(table, nil)
	if err := r.fromEngine(); err != nil {
		return Settings{}, err
	}
	return load(r, read, Settings.crossCheck)
}

// PipelineFromEngine is [FromEngine] for the pipeline's program.
func PipelineFromEngine() (Pipeline, error) {
	r := pipelineReader(nil)
	if err := r.fromEngine(); err != nil {
		return Pipeline{}, err
	}
	return load(r, readPipeline, Pipeline.check)
}

// fromEngine reads the configuration that the engine hands to the program. It is compared
// with the stack's file in the project's folder, where the engine runs the program. A
// project of another name, which `pulumi new` lets users choose, would have defaults in
// place of all settings.
func (r *reader) fromEngine() error {
	if project := os.Getenv(pulumi.EnvProject); project != "" && project != r.namespace {
		return fmt.Errorf("the project's name in Pulumi.yaml is %q; allowed: %s, since it is the namespace of the settings", project, r.namespace)
	}
	if err := fromEnvironment(pulumi.EnvConfig, &r.config); err != nil {
		return err
	}
	var secrets []string
	if err := fromEnvironment(pulumi.EnvConfigSecretKeys, &secrets); err != nil {
		return err
	}
	for _, key := range secrets {
		r.secrets[key] = true
	}
	return r.checkStackFile("Pulumi." + os.Getenv(pulumi.EnvStack) + ".yaml")
}

// fromEnvironment reads the JSON in a variable, which no error quotes.
func fromEnvironment(variable string, into any) error {
	text := os.Getenv(variable)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("configuration from the Pulumi engine (%s): %w", variable, err)
	}
	return nil
}
