package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/gatehouse-iac/gatehouse/local/plugins/internal/enginetest"
)

// kubeconfig leads to a server, with contexts one (namespace team) and two.
func kubeconfig(server string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c1
  cluster: {server: %q}
- name: c2
  cluster: {server: "https://two.example.com"}
contexts:
- name: one
  context: {cluster: c1, user: u, namespace: team}
- name: two
  context: {cluster: c2, user: u}
users:
- name: u
  user: {token: hunter2}
`, server)
}

func TestConfiguration(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	content := kubeconfig("https://one.example.com")
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name               string
		config             props
		address, namespace string
		problem            string
	}{
		{"content", props{"kubeconfig": resource.MakeSecret(resource.NewProperty(content))}, "https://one.example.com", "team", ""},
		{"path", props{"kubeconfig": path}, "https://one.example.com", "team", ""},
		{"context", props{"kubeconfig": path, "context": "two"}, "https://two.example.com", "default", ""},
		{"cluster", props{"kubeconfig": path, "cluster": "c2"}, "https://two.example.com", "team", ""},
		{"namespace", props{"kubeconfig": path, "namespace": "mine", "enableSecretMutable": "true"}, "https://one.example.com", "mine", ""},
		{"no such file", props{"kubeconfig": path + "x"}, "", "", "kubeconfig names a file that can't be read: no such file"},
		{"rubbish", props{"kubeconfig": "hunter2: {"}, "", "", "neither the content of a kubeconfig"},
		{"no such context", props{"kubeconfig": path, "context": "three"}, "", "", `context "three" does not exist`},
		{"nothing", props{}, "", "", "kubeconfig: invalid configuration"},
		{"unknown setting", props{"kubeconfig": path, "renderYamlToDirectory": "x"}, "", "", "renderYamlToDirectory is a setting of the provider that this stand-in does not serve; it serves cluster, context"},
		{"client-side", props{"kubeconfig": path, "enableServerSideApply": false}, "", "", "applies on the server only"},
	} {
		config, problems := readConfig(enginetest.Properties(test.config))
		if len(problems) == 0 {
			c, err := connect(config)
			if err != nil {
				problems = append(problems, err.Error())
			} else if c.address != test.address || c.namespace != test.namespace {
				t.Errorf("%s: got %s, %s", test.name, c.address, c.namespace)
			}
		}
		got := strings.Join(problems, "; ")
		if (got == "") != (test.problem == "") || !strings.Contains(got, test.problem) || strings.Contains(got, "hunter2") {
			t.Errorf("%s: got %q", test.name, got)
		}
	}
}

func TestAnotherClusterReplacesEverything(t *testing.T) {
	one, two := kubeconfig("https://one.example.com"), kubeconfig("https://other.example.com")
	sameCluster := strings.ReplaceAll(one, "hunter2", "renewed")
	for _, test := range []struct {
		name       string
		olds, news props
		want       string
	}{
		{"credentials", props{"kubeconfig": one}, props{"kubeconfig": sameCluster}, "[]"},
		{"server", props{"kubeconfig": one}, props{"kubeconfig": two}, "[kubeconfig]"},
		{"context", props{"kubeconfig": one}, props{"kubeconfig": one, "context": "two"}, "[context]"},
		{"not known yet", props{"kubeconfig": one}, props{"kubeconfig": notYet}, "[kubeconfig]"},
		{"other setting", props{"kubeconfig": one}, props{"kubeconfig": one, "enablePatchForce": true}, "[]"},
	} {
		got := movesCluster(enginetest.Properties(test.olds), enginetest.Properties(test.news))
		if fmt.Sprint(got) != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}
