package config

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// `pulumi new` saves an answer as the value of the key, and doesn't ask whether there is
// such a key.
func TestTemplateAsksForSettings(t *testing.T) {
	text, err := os.ReadFile("../../Pulumi.yaml")
	require.NoError(t, err)
	var project struct {
		Name     string
		Template struct {
			Description, Quickstart string
			Config                  map[string]struct {
				Description, Default string
				Secret               bool
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &project))
	assert.Equal(t, Namespace, project.Name, "the name that pulumi new suggests")
	assert.NotEmpty(t, project.Template.Description)
	assert.Contains(t, project.Template.Quickstart, "make lambdas")

	options := map[string]Option{}
	for _, option := range Options() {
		options[option.Name] = option
	}
	answers := map[string]string{}
	require.NotEmpty(t, project.Template.Config)
	for key, question := range project.Template.Config {
		option, known := options[key]
		require.True(t, known, "%s is a setting", key)
		assert.True(t, option.Basic, "%s is a basic setting", key)
		assert.Equal(t, option.Default, question.Default, key)
		assert.NotEmpty(t, question.Description, key)
		assert.False(t, question.Secret, "%s is in clear in docs and examples", key)
		if question.Default != "" { // else it isn't saved
			answers[key] = question.Default
		}
	}
	_, err = Load(answers)
	require.NoError(t, err)
}
