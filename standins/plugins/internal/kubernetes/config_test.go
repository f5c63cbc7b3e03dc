package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/enginetest"
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
		{"no such file", props{"kubeconfig": path + "x"}, "", "", "unreachable: failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- couldn't get version/kind; json parse error"},
		{"rubbish", props{"kubeconfig": "hunter2: {"}, "", "", "failed to parse kubeconfig data"},
		{"no such context", props{"kubeconfig": path, "context": "three"}, "", "", `context "three" does not exist`},
		{"nothing", props{}, "", "", "unable to load Kubernetes client configuration from kubeconfig file"},
		{"unknown setting", props{"kubeconfig": path, "renderYamlToDirectory": "x"}, "", "", "renderYamlToDirectory is a setting of the provider that this stand-in does not serve; it serves cluster, clusterIdentifier, context"},
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

// What upstream's own tests say (provider_diffconfig_test.go), and what they don't.
func TestAnotherClusterReplacesEverything(t *testing.T) {
	one, two := kubeconfig("https://one.example.com"), kubeconfig("https://other.example.com")
	renewed := strings.ReplaceAll(one, "hunter2", "renewed")
	authority := strings.Replace(one, "cluster: {", "cluster: {certificate-authority-data: T1RIRVI=, ", 1)
	secret := resource.MakeSecret(resource.NewProperty(one))
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(one), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		olds, news props
		want       string
	}{
		{"nothing", props{"kubeconfig": one}, props{"kubeconfig": secret}, "[]"},
		{"credentials", props{"kubeconfig": one}, props{"kubeconfig": renewed}, "[]"},
		{"a path for the content", props{"kubeconfig": one}, props{"kubeconfig": path}, "[]"},
		{"server", props{"kubeconfig": one}, props{"kubeconfig": two}, "[kubeconfig]"},
		{"authority", props{"kubeconfig": one}, props{"kubeconfig": authority}, "[kubeconfig]"},
		{"context", props{"kubeconfig": one}, props{"kubeconfig": one, "context": "two"}, "[context]"},
		{"context of the environment", props{"context": "one"}, props{"context": "two"}, "[]"},
		{"the environment for a kubeconfig", props{"kubeconfig": one}, props{"context": "two"}, "[]"},
		{"not known yet", props{"kubeconfig": one}, props{"kubeconfig": notYet}, "[kubeconfig]"},
		{"other setting", props{"kubeconfig": one}, props{"kubeconfig": one, "enablePatchForce": true}, "[]"},

		{"identified, server", props{"kubeconfig": one, "clusterIdentifier": "a"}, props{"kubeconfig": two, "clusterIdentifier": "a"}, "[]"},
		{"identified, authority", props{"kubeconfig": one, "clusterIdentifier": "a"}, props{"kubeconfig": authority, "clusterIdentifier": "a"}, "[]"},
		{"identified, not known yet", props{"kubeconfig": one, "clusterIdentifier": "a"}, props{"kubeconfig": notYet, "clusterIdentifier": "a"}, "[]"},
		{"another identifier", props{"context": "one", "clusterIdentifier": "a"}, props{"context": "two", "clusterIdentifier": "b"}, "[clusterIdentifier]"},
		{"another identifier alone", props{"kubeconfig": one, "clusterIdentifier": "a"}, props{"kubeconfig": one, "clusterIdentifier": "b"}, "[clusterIdentifier]"},
		{"identified from now on", props{"kubeconfig": one}, props{"kubeconfig": one, "clusterIdentifier": "a"}, "[]"},
		{"identified from now on, server", props{"kubeconfig": one}, props{"kubeconfig": two, "clusterIdentifier": "a"}, "[kubeconfig]"},
	} {
		got, err := diffConfig(enginetest.Properties(test.olds), enginetest.Properties(test.news))
		if err != nil || fmt.Sprint(got.ReplaceKeys) != test.want {
			t.Errorf("%s: got %v, %v", test.name, got.ReplaceKeys, err)
		}
	}
}

// A path of another machine, or a list of them, can't be left behind again.
func TestAnOldKubeconfigThatIsGoneIsAnError(t *testing.T) {
	one := kubeconfig("https://one.example.com")
	for _, test := range []struct{ olds, news props }{
		{props{"kubeconfig": "/home/another/kubeconfig"}, props{"kubeconfig": one}},
		{props{"kubeconfig": "/a:/b"}, props{"context": "one"}},
		{props{"context": "one"}, props{"kubeconfig": "/home/another/kubeconfig"}},
		{props{"kubeconfig": "/home/another/kubeconfig", "clusterIdentifier": "a"}, props{"kubeconfig": one, "clusterIdentifier": "a"}},
	} {
		_, err := diffConfig(enginetest.Properties(test.olds), enginetest.Properties(test.news))
		if err == nil || !strings.Contains(err.Error(), "failed to parse kubeconfig: couldn't get version/kind; json parse error") {
			t.Errorf("%v: got %v", test.olds, err)
		}
	}
}
