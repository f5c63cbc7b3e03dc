package mirror

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	unpackedName = "registry.terraform.io/hashicorp/aws/5.100.0/linux_arm64/terraform-provider-aws_v5.100.0_x5"
	packedName   = "registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.100.0_linux_arm64.zip"
)

func TestFind(t *testing.T) {
	const config = `
provider_installation {
  filesystem_mirror {
    path    = "ROOT/srv/mirror"
    include = ["registry.terraform.io/*/*"]
  }
  direct {}
}`
	tests := map[string]struct {
		files map[string]string
		env   map[string]string
		want  Package
	}{
		"mirror that the named configuration names": {
			files: map[string]string{"etc/cli.tfrc": config, "srv/mirror/" + unpackedName: "", "opt/x/" + unpackedName: ""},
			env:   map[string]string{"TF_CLI_CONFIG_FILE": "ROOT/etc/cli.tfrc"},
			want:  Package{Path: "srv/mirror/" + unpackedName},
		},
		"mirror that the usual configuration names": {
			files: map[string]string{"home/.terraformrc": config, "srv/mirror/" + unpackedName: ""},
			want:  Package{Path: "srv/mirror/" + unpackedName},
		},
		"named configuration does not exist": {
			files: map[string]string{"home/.terraformrc": config, "srv/mirror/" + unpackedName: "", "opt/x/" + unpackedName: ""},
			env:   map[string]string{"TF_CLI_CONFIG_FILE": "ROOT/none"},
			want:  Package{Path: "opt/x/" + unpackedName},
		},
		"configuration without mirrors": {
			files: map[string]string{"home/.terraformrc": `plugin_cache_dir = "x"`, "opt/x/" + unpackedName: ""},
			want:  Package{Path: "opt/x/" + unpackedName},
		},
		"home": {
			files: map[string]string{"home/.terraform.d/plugins/" + unpackedName: "", "opt/x/" + unpackedName: ""},
			want:  Package{Path: "home/.terraform.d/plugins/" + unpackedName},
		},
		"home's data": {
			files: map[string]string{"home/.local/share/terraform/plugins/" + unpackedName: ""},
			want:  Package{Path: "home/.local/share/terraform/plugins/" + unpackedName},
		},
		"named data folder": {
			files: map[string]string{"data/terraform/plugins/" + unpackedName: ""},
			env:   map[string]string{"XDG_DATA_HOME": "ROOT/data"},
			want:  Package{Path: "data/terraform/plugins/" + unpackedName},
		},
		"named data folders": {
			files: map[string]string{"b/terraform/plugins/" + unpackedName: ""},
			env:   map[string]string{"XDG_DATA_DIRS": "ROOT/a:ROOT/b"},
			want:  Package{Path: "b/terraform/plugins/" + unpackedName},
		},
		"local software": {
			files: map[string]string{"usr/local/share/terraform/plugins/" + unpackedName: ""},
			want:  Package{Path: "usr/local/share/terraform/plugins/" + unpackedName},
		},
		"system": {
			files: map[string]string{"usr/share/terraform/plugins/" + unpackedName: ""},
			want:  Package{Path: "usr/share/terraform/plugins/" + unpackedName},
		},
		"add-on software": {
			files: map[string]string{"opt/anything/" + unpackedName: ""},
			want:  Package{Path: "opt/anything/" + unpackedName},
		},
		"packed": {
			files: map[string]string{"usr/share/terraform/plugins/" + packedName: ""},
			want:  Package{Path: "usr/share/terraform/plugins/" + packedName, Packed: true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := machine(t, test.files, test.env)
			found, err := m.Find()
			require.NoError(t, err)
			assert.Equal(t, Package{Path: filepath.Join(m.Root, test.want.Path), Packed: test.want.Packed}, found)
		})
	}
}

func TestFindNothing(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"empty machine":  {},
		"other version":  {"opt/x/" + strings.ReplaceAll(unpackedName, "5.100.0", "5.99.0"): ""},
		"other platform": {"opt/x/" + strings.ReplaceAll(unpackedName, "arm64", "amd64"): ""},
		"too deep":       {"opt/x/y/" + unpackedName: ""},
		"a text beside":  {"opt/x/" + filepath.Dir(unpackedName) + "/LICENSE.txt": ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := machine(t, files, nil)
			_, err := m.Find()
			var missing *NotFoundError
			require.ErrorAs(t, err, &missing)
			assert.Contains(t, missing.Searched, filepath.Join(m.Root, "home/.terraform.d/plugins"))
			assert.Contains(t, err.Error(), "terraform-provider-aws_5.100.0_linux_arm64.zip", "it says what to install")
		})
	}
}

func TestFindBrokenConfiguration(t *testing.T) {
	for name, text := range map[string]string{
		"no HCL":     `provider_installation {`,
		"wrong type": `provider_installation { filesystem_mirror { path = ["a", "b"] } }`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := machine(t, map[string]string{"home/.terraformrc": text}, nil).Find()
			require.ErrorContains(t, err, ".terraformrc")
		})
	}
}

// machine has the files below its root; ROOT in texts and variables stands for it.
func machine(t *testing.T, files, env map[string]string) Machine {
	root := t.TempDir()
	inRoot := func(text string) string { return strings.ReplaceAll(text, "ROOT", root) }
	for name, text := range files {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(inRoot(text)), 0o700)) //nolint:gosec // executables among them
	}
	return Machine{
		Env:  func(name string) string { return inRoot(env[name]) },
		Home: filepath.Join(root, "home"), Root: root, Platform: "linux_arm64",
	}
}
