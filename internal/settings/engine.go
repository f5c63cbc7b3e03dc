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
	config, err := engineConfig()
	if err != nil {
		return Settings{}, err
	}
	return Load(config)
}

// PipelineFromEngine is the same for the pipeline's program.
func PipelineFromEngine() (Pipeline, error) {
	config, err := engineConfig()
	if err != nil {
		return Pipeline{}, err
	}
	return LoadPipeline(config)
}

func engineConfig() (map[string]string, error) {
	config := map[string]string{}
	if text := os.Getenv(pulumi.EnvConfig); text != "" {
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			return nil, fmt.Errorf("configuration from the Pulumi engine (%s): %w", pulumi.EnvConfig, err)
		}
	}
	return config, nil
}
