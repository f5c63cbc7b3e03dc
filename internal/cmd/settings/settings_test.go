package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

func TestTheReferenceIsUpToDate(t *testing.T) {
	project, err := os.ReadFile("../../../Pulumi.yaml")
	require.NoError(t, err)
	want, err := render(project, config.Options())
	require.NoError(t, err)
	got, err := os.ReadFile("../../../docs/settings.md")
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run `make docs`")
}

func TestEverySettingIsInTheReferenceOnce(t *testing.T) {
	got, err := os.ReadFile("../../../docs/settings.md")
	require.NoError(t, err)
	for _, option := range config.Options() {
		name := strings.TrimPrefix(option.Name, config.Namespace+":")
		assert.Equal(t, 1, strings.Count(string(got), "\n### `"+name+"`\n"), option.Name)
	}
}

const project = `
config:
  pulumi:disable-default-providers:
    value: ["*"]
  # Doors and what is behind them
  doorColor: {type: string, default: red, description: Its color.}
  lonely: {type: integer, default: 1, description: No other is like it.}
  windowCount: {type: integer, default: 2, description: How many.}
  doorName: {type: string, default: "", description: What it says.}
  windowOpen: {type: boolean, default: false, description: Whether.}
`

func options(names ...string) []config.Option {
	var all []config.Option
	for _, name := range names {
		all = append(all, config.Option{Name: name, Type: "string", Default: "x", Allowed: "anything"})
	}
	return all
}

func TestKeysWithTheSameFirstWordAreATopic(t *testing.T) {
	all, err := topics([]byte(project), options("aws:region", "gatehouse:doorColor", "gatehouse:doorName", "gatehouse:lonely",
		"gatehouse:windowCount", "gatehouse:windowOpen"))
	require.NoError(t, err)
	var got []string
	for _, topic := range all {
		got = append(got, "# "+topic.title)
		for _, e := range topic.entries {
			got = append(got, e.name)
		}
	}
	assert.Equal(t, []string{
		"# General", "aws:region", "lonely",
		"# Doors and what is behind them", "doorColor", "doorName",
		"# Window", "windowCount", "windowOpen",
	}, got)
}

func TestAKeyWithoutDescriptionIsRefused(t *testing.T) {
	_, err := topics([]byte(project), options("gatehouse:missing"))
	require.ErrorContains(t, err, "missing is not in Pulumi.yaml")
	_, err = topics([]byte(project), options("other:key"))
	require.ErrorContains(t, err, "describe other:key in internal/cmd/settings")
	_, err = topics([]byte("config: ["), nil)
	require.ErrorContains(t, err, "read Pulumi.yaml")
}

func TestWhatIsSaidOfAKey(t *testing.T) {
	text, err := render([]byte(project), []config.Option{{Name: "gatehouse:lonely", Type: "integer"}})
	require.NoError(t, err)
	assert.Contains(t, text, "### `lonely`\n\nNo other is like it.\n\n- Type: integer\n- Default: none\n")
	assert.NotContains(t, text, "Allowed")
}
