package kubeconfig_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/kubeconfig"
)

const whole = `apiVersion: v1
kind: Config
preferences: {}
current-context: main
clusters:
- {name: c1, cluster: {server: "https://one.example.com", certificate-authority: ca.crt, tls-server-name: one}}
- {name: c2, cluster: {server: "https://two.example.com", certificate-authority-data: T1RIRVI=}}
contexts:
- {name: main, context: {cluster: c1, user: u1, namespace: team}}
- {name: other, context: {cluster: c2, user: u2}}
- {name: anonymous, context: {cluster: c2}}
- {name: astray, context: {cluster: c3, user: u1}}
- {name: stranger, context: {cluster: c1, user: u3}}
users:
- {name: u1, user: {client-certificate: certs/me.crt, client-key: certs/me.key}}
- {name: u2, user: {token: hush-of-two}}
`

// write makes a folder with the kubeconfig and the files that it names.
func write(t *testing.T, content string) (path string) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "certs"), 0o700))
	for name, content := range map[string]string{
		"config": content, "ca.crt": "authority", "certs/me.crt": "certificate", "certs/me.key": "hush-key",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	return filepath.Join(folder, "config")
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestFilesAreInlined(t *testing.T) {
	got, err := kubeconfig.Load(write(t, whole), "")
	require.NoError(t, err)
	assert.Equal(t, "main", got.Context)
	assert.JSONEq(t, `{
		"apiVersion": "v1", "kind": "Config", "current-context": "main",
		"clusters": [{"name": "c1", "cluster": {"server": "https://one.example.com", "tls-server-name": "one", "certificate-authority-data": "`+encoded("authority")+`"}}],
		"contexts": [{"name": "main", "context": {"cluster": "c1", "user": "u1", "namespace": "team"}}],
		"users": [{"name": "u1", "user": {"client-certificate-data": "`+encoded("certificate")+`", "client-key-data": "`+encoded("hush-key")+`"}}]
	}`, got.Content)
	assert.True(t, kubeconfig.IsContent(got.Content))
}

// The state has the same, no matter where the file is and what else is in it.
func TestContentIsStableForACluster(t *testing.T) {
	first, err := kubeconfig.Load(write(t, whole), "other")
	require.NoError(t, err)
	again, err := kubeconfig.Load(write(t, whole+"- {name: u4, user: {token: of-another-cluster}}\n"), "other")
	require.NoError(t, err)
	assert.Equal(t, first, again)
	content, err := kubeconfig.Load(whole, "other")
	require.NoError(t, err)
	assert.Equal(t, first, content)
	assert.NotContains(t, first.Content, "one.example.com", "nothing of other clusters")
	twice, err := kubeconfig.Load(first.Content, "")
	require.NoError(t, err)
	assert.Equal(t, first, twice)
}

func TestContextWithoutAUser(t *testing.T) {
	got, err := kubeconfig.Load(whole, "anonymous")
	require.NoError(t, err)
	assert.Contains(t, got.Content, `"users":null`)
}

func TestCredentialCommandsAreKept(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "config")
	require.NoError(t, os.WriteFile(path, []byte(`
current-context: main
clusters: [{name: c, cluster: {server: "https://one.example.com"}}]
contexts: [{name: main, context: {cluster: c, user: u}}, {name: local, context: {cluster: c, user: l}}, {name: file, context: {cluster: c, user: f}}]
users:
- {name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [eks, get-token, --cluster-name, main], env: [{name: AWS_PROFILE, value: prod}]}}}
- {name: l, user: {exec: {command: ./bin/login}}}
- {name: f, user: {tokenFile: token}}
`), 0o600))
	for context, want := range map[string]string{
		"main":  `"command":"aws","env":[{"name":"AWS_PROFILE","value":"prod"}]`,
		"local": `"command":"` + filepath.Join(folder, "bin", "login") + `"`,
		"file":  `"tokenFile":"` + filepath.Join(folder, "token") + `"`,
	} {
		got, err := kubeconfig.Load(path, context)
		require.NoError(t, err)
		assert.Contains(t, got.Content, want)
	}
}

func TestDataTakesPrecedenceOverAFile(t *testing.T) {
	got, err := kubeconfig.Load(`{"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c"}}],
		"clusters": [{"name": "c", "cluster": {"certificate-authority": "/nowhere", "certificate-authority-data": "REFUQQ=="}}]}`, "")
	require.NoError(t, err)
	assert.Contains(t, got.Content, `{"certificate-authority-data":"REFUQQ=="}`)
}

func TestHomeDirectoryIsExpanded(t *testing.T) {
	t.Setenv("HOME", filepath.Dir(write(t, whole)))
	got, err := kubeconfig.Load("~/config", "")
	require.NoError(t, err)
	assert.Equal(t, "main", got.Context)
}

func TestErrorsDoNotQuoteTheKubeconfig(t *testing.T) {
	for name, c := range map[string]struct{ given, context, want string }{
		"no file":        {filepath.Join(t.TempDir(), "none"), "", "the kubeconfig can't be read: open "},
		"a folder":       {t.TempDir(), "", "is a directory"},
		"a list of two":  {"/a:/b", "", "open /a:/b: no such file or directory"},
		"no YAML":        {"hush: {", "", "the kubeconfig is not valid YAML"},
		"something else": {"- hush\n", "", "the kubeconfig is not valid YAML"},
		"no context":     {whole, "third", `the kubeconfig has no context "third"`},
		"no cluster":     {whole, "astray", `the kubeconfig's context "astray" names no cluster that is in it`},
		"no user":        {whole, "stranger", `the kubeconfig's context "stranger" names no user that is in it`},
		"no such file":   {whole, "main", "the kubeconfig names ca.crt as its certificate-authority, which can't be read: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := kubeconfig.Load(c.given, c.context)
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "hush")
			assert.Zero(t, got)
		})
	}
}
