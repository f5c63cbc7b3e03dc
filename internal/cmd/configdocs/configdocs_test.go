package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

const root = "../../.."

// TestTheReferenceIsUpToDate compares docs/settings.md and the schemas in Pulumi.yaml and
// pipeline/Pulumi.yaml with the table.
func TestTheReferenceIsUpToDate(t *testing.T) {
	all, err := documents(root)
	require.NoError(t, err)
	assert.Len(t, all, 3)
	for path, want := range all {
		got, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s: run `make docs`", path)
	}
}

func TestTheCommandWritesAllDocuments(t *testing.T) {
	checkout := t.TempDir()
	for _, dir := range []string{"docs", "pipeline"} {
		require.NoError(t, os.Mkdir(filepath.Join(checkout, dir), 0o700))
	}
	require.ErrorContains(t, command(checkout), "run this in the project's folder")
	for _, path := range []string{"Pulumi.yaml", "pipeline/Pulumi.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(checkout, path), []byte("name: x\nconfig:\n"+marker+"  formerSetting: {type: string}\n"), 0o600))
	}
	require.NoError(t, command(checkout))
	for path, has := range map[string]string{"Pulumi.yaml": "  throttleRate:\n", "pipeline/Pulumi.yaml": "  stateBucket:\n", "docs/settings.md": "| `throttleRate` |"} {
		got, err := os.ReadFile(filepath.Join(checkout, path))
		require.NoError(t, err)
		assert.Contains(t, string(got), has)
		assert.NotContains(t, string(got), "formerSetting")
	}
}

func TestEverySettingIsInTheReferenceOnce(t *testing.T) {
	got, err := os.ReadFile(filepath.Join(root, "docs/settings.md"))
	require.NoError(t, err)
	for _, option := range config.Options() {
		name, _ := option.Own(config.Namespace)
		assert.Equal(t, 1, strings.Count(string(got), "\n| `"+name+"` |"), option.Name)
	}
}

func topics() []config.Topic {
	return []config.Topic{
		{Title: "Doors", Options: []config.Option{
			{Name: "aws:region", Type: "string", Default: "us-east-1", Allowed: "a region", Description: "Where it is.", Basic: true},
			{Name: "gatehouse:doorColor", Type: "string", Default: "red", Allowed: "one of red, green", Description: "Its color, as docs/doors.md says."},
			{Name: "gatehouse:doorCount", Type: "integer", Default: "2", Allowed: "a whole number", Description: "How many: few.", Basic: true},
		}},
		{Title: "Windows", Options: []config.Option{
			{
				Name: "gatehouse:windowNames", Type: "array", Default: `["*","true"]`, Allowed: "a list with * or a|b", Description: "What windowOpen opens.",
				Requires:      []config.Requirement{{Key: "gatehouse:windowOpen", Value: "true"}, {Key: "gatehouse:doorCount"}},
				ConflictsWith: []string{"gatehouse:doorColor", "aws:region"},
			},
			{Name: "gatehouse:windowOpen", Type: "boolean", Default: "false", Allowed: "true or false", Description: "Whether."},
			{Name: "gatehouse:windowKey", Type: "string", Allowed: "a key", Description: "It locks.", Required: true},
		}},
	}
}

func TestTheReferenceHasATableForEachTopicBasicSettingsFirst(t *testing.T) {
	_, tables, found := strings.Cut(reference(topics()), "has a default that works.\n")
	require.True(t, found)
	const head = "| setting | type | default | allowed | description |\n|---|---|---|---|---|\n"
	assert.Equal(t, "\n## Basic\n\n### Doors\n\n"+head+
		"| `aws:region` | string | `us-east-1` | a region | Where it is. |\n"+
		"| `doorCount` | integer | `2` | a whole number | How many: few. |\n"+
		"\n## Advanced\n\n### Doors\n\n"+head+
		"| `doorColor` | string | `red` | one of `red`, `green` | Its color, as [doors.md](doors.md) says. |\n"+
		"\n### Windows\n\n"+head+
		"| `windowNames` | array | `[\"*\",\"true\"]` | a list with \\* or a\\|b | What `windowOpen` opens. "+
		"It requires `windowOpen` to be `true` and `doorCount` to be set. It conflicts with `doorColor` and `aws:region`. |\n"+
		"| `windowOpen` | boolean | `false` | `true` or `false` | Whether. |\n"+
		"| `windowKey` | string | empty | a key | It locks. |\n", tables)
}

func TestTheSchemaFollowsTheMarker(t *testing.T) {
	got, err := withSchema([]byte("name: gatehouse\nconfig:\n  # mine\n  pulumi:x: {value: 1}\n"+marker+"  gone: {}\n"), config.Namespace, topics())
	require.NoError(t, err)
	assert.Equal(t, "name: gatehouse\nconfig:\n  # mine\n  pulumi:x: {value: 1}\n"+marker+`  # Doors
  doorColor:
    type: string
    default: red
    description: "Its color, as docs/doors.md says. Allowed: one of red, green."
  doorCount:
    type: integer
    default: 2
    description: "How many: few. Allowed: a whole number."
  # Windows
  windowNames:
    type: array
    items:
      type: string
    default: ["*", "true"]
    description: "What windowOpen opens. It requires windowOpen to be true and doorCount to be set. It conflicts with doorColor and aws:region. Allowed: a list with * or a|b."
  windowOpen:
    type: boolean
    default: false
    description: Whether.
  windowKey:
    type: string
    description: "It locks. Allowed: a key."
`, string(got))
	assert.NoError(t, yaml.Unmarshal(got, &struct{ Config map[string]any }{}))
}

func TestAProjectFileWithoutMarkerIsLeftAlone(t *testing.T) {
	_, err := withSchema([]byte("name: gatehouse\n"), config.Namespace, topics())
	require.ErrorContains(t, err, "no line")
	_, err = withSchema([]byte(marker), "other", topics())
	require.ErrorContains(t, err, "no settings")
}
