package options

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestRead(t *testing.T) {
	hidden := resource.MakeSecret(resource.NewProperty("hunter2"))
	for _, test := range []struct {
		given    map[string]any
		problems []string
		name     string
		on       bool
		n        int
	}{
		{nil, nil, "standard", true, 5},
		{map[string]any{"name": "x", "on": false, "n": 7, "version": "1.2.3", "pluginDownloadURL": "y"}, nil, "x", false, 7},
		{map[string]any{"name": hidden, "on": "false", "n": "7"}, nil, "hunter2", false, 7},
		{map[string]any{"name": resource.MakeComputed(resource.NewProperty("")), "on": nil}, nil, "standard", true, 5},
		{map[string]any{"name": 1, "on": hidden, "n": 0.5, "colour": "blue"}, []string{
			"colour is a setting of the provider that this stand-in does not serve; it serves n, name, on",
			"n must be a whole number", "name must be a text", "on must be true or false",
		}, "standard", false, 0},
	} {
		name, on, n := "standard", true, 5
		problems := Read(resource.NewPropertyMapFromMap(test.given), map[resource.PropertyKey]any{"name": &name, "on": &on, "n": &n})
		if !slices.Equal(problems, test.problems) {
			t.Errorf("%v: got %q", test.given, problems)
		}
		if test.problems == nil && (name != test.name || on != test.on || n != test.n) {
			t.Errorf("%v: got %q, %t, %d", test.given, name, on, n)
		}
	}
}
