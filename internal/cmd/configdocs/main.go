// Command configdocs writes what documents the settings from the table in
// internal/config: the schema in Pulumi.yaml and in pipeline/Pulumi.yaml, and
// docs/settings.md. Run it in the project's folder:
//
//	go run ./internal/cmd/configdocs
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

func main() {
	if err := command("."); err != nil {
		fmt.Fprintln(os.Stderr, "configdocs:", err)
		os.Exit(1)
	}
}

// command writes the documents of a checkout.
func command(root string) error {
	all, err := documents(root)
	if err != nil {
		return err
	}
	for path, text := range all {
		if err := os.WriteFile(filepath.Join(root, path), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// documents returns the documents of a checkout by their paths in it. What a project file
// says before its schema stays.
func documents(root string) (map[string][]byte, error) {
	all := map[string][]byte{"docs/settings.md": []byte(reference(config.Topics()))}
	for path, schema := range map[string]struct {
		namespace string
		topics    []config.Topic
	}{
		"Pulumi.yaml":          {config.Namespace, config.Topics()},
		"pipeline/Pulumi.yaml": {config.PipelineNamespace, config.PipelineTopics()},
	} {
		project, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, fmt.Errorf("run this in the project's folder: %w", err)
		}
		if all[path], err = withSchema(project, schema.namespace, schema.topics); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return all, nil
}
