package settings

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
	var config map[string]string
	if err := fromEnvironment(pulumi.EnvConfig, &config); err != nil {
		return Settings{}, err
	}
	var secrets []string
	if err := fromEnvironment(pulumi.EnvConfigSecretKeys, &secrets); err != nil {
		return Settings{}, err
	}
	return Load(config, secrets...)
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

// PipelineFromEngine is the same for the pipeline's program.
func PipelineFromEngine() (Pipeline, error) {
	var config map[string]string
	if err := fromEnvironment(pulumi.EnvConfig, &config); err != nil {
		return Pipeline{}, err
	}
	return LoadPipeline(config)
}
