package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	engine "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// handedOver is what the engine makes of a stack's file.
func handedOver(t *testing.T, path string) map[string]string {
	t.Helper()
	sink := diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never})
	stack, err := workspace.LoadProjectStack(sink, &workspace.Project{Name: Namespace}, path)
	require.NoError(t, err)
	values, err := stack.Config.Decrypt(engine.NopDecrypter)
	require.NoError(t, err)
	given := map[string]string{}
	for key, value := range values {
		given[key.String()] = value
	}
	return given
}

func TestTheStackFileMeansWhatIsWritten(t *testing.T) {
	for written, want := range map[string]string{
		`gatehouse:modelMemory: 0512`:                    `gatehouse:modelMemory is "0512"; allowed: the same in quotes, or what is meant in plain digits: 0512 is 330 to YAML`,
		`modelMemory: 0512`:                              `gatehouse:modelMemory is "0512"`,
		`gatehouse:modelMemory: 0o1000`:                  `0o1000 is 512 to YAML`,
		`gatehouse:modelMemory: 0x200`:                   `0x200 is 512 to YAML`,
		`gatehouse:modelMemory: 0b1000000000`:            `0b1000000000 is 512 to YAML`,
		`gatehouse:modelMemory: 1_024`:                   `1_024 is 1024 to YAML`,
		`gatehouse:modelMemory: +512`:                    `+512 is 512 to YAML`,
		`gatehouse:modelMemory: 1e3`:                     `1e3 is 1000 to YAML`,
		`gatehouse:modelMemory: 512.0`:                   `512.0 is 512 to YAML`,
		`gatehouse:certificateMountIssuer: 0123`:         `0123 is 83 to YAML`,
		`gatehouse:certificateMountIssuer: 1.10`:         `1.10 is 1.1 to YAML`,
		`gatehouse:certificateMountIssuer: 0189`:         `0189 is 189 to YAML`,
		`gatehouse:modelGuardrailVersion: 010`:           `010 is 8 to YAML`,
		`gatehouse:modelMemory: 512`:                     "",
		`gatehouse:modelMemory: "0512"`:                  "",
		`gatehouse:modelMemory: '0x200'`:                 "",
		`gatehouse:certificateMountIssuer: 2026`:         "",
		`gatehouse:certificateMountIssuer: 3a:0f`:        "",
		`gatehouse:tracingEnabled: true`:                 "",
		`gatehouse:tracingEnabled: True`:                 "",
		`gatehouse:tracingEnabled: yes`:                  "", // a string to the engine: the setting refuses it
		`gatehouse:tracingEnabled: off`:                  "",
		`gatehouse:rotationTick: 5m`:                     "",
		`gatehouse:kubernetesContext: NO`:                "",
		`gatehouse:alarmEmail:`:                          "",
		`gatehouse:certificateNames: [a.example]`:        "",
		`gatehouse:kubernetesKubeconfig: {secure: AAAB}`: "",
	} {
		t.Run(written, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
			require.NoError(t, os.WriteFile(path, []byte("config:\n  "+written+"\n"), 0o600))
			r := newReader(table, handedOver(t, path))
			require.NoError(t, r.checkStackFile(path))
			if want == "" {
				assert.Empty(t, r.problems)
			} else {
				require.Len(t, r.problems, 1)
				assert.Contains(t, r.problems[0].String(), want)
			}
		})
	}
}

func TestYesAndNoAreNoTruthValues(t *testing.T) {
	for _, written := range []string{"yes", "no", "on", "off", "y", "n", "1"} {
		path := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
		require.NoError(t, os.WriteFile(path, []byte("config:\n  gatehouse:tracingEnabled: "+written+"\n"), 0o600))
		_, err := Load(handedOver(t, path))
		require.ErrorContains(t, err, `gatehouse:tracingEnabled is "`+written+`"; allowed: true or false`)
	}
}

// The local run hands over a file of its own, made of the committed one.
func TestAValueFromAnotherPlaceIsNotTheFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	require.NoError(t, os.WriteFile(path, []byte("config:\n  gatehouse:modelMemory: 0512\n"), 0o600))
	for given, problems := range map[string]int{"330": 1, "512": 0} {
		r := newReader(table, map[string]string{"gatehouse:modelMemory": given})
		require.NoError(t, r.checkStackFile(path))
		assert.Len(t, r.problems, problems, given)
	}
	r := newReader(table, nil)
	require.NoError(t, r.checkStackFile(filepath.Join(t.TempDir(), "Pulumi.dev.yaml")), "there may be none")
	assert.Empty(t, r.problems)
}
