package pulumicli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

func TestComposeConfig(t *testing.T) {
	got, err := composeConfig(
		[]byte("# comment\nconfig:\n  aws:region: us-east-1\n  gatehouse:logRetentionDays: 1\n  gatehouse:list: [a, b]\n"),
		[]byte("encryptionsalt: v1:abc=:v1:d:e=\nconfig:\n  gatehouse:gone: true\n"), map[string]any{"gatehouse:lambdaArchitecture": "x86_64"})
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Salt   string `yaml:"encryptionsalt"`
		Config map[string]any
	}
	if err := yaml.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if back.Salt != "v1:abc=:v1:d:e=" {
		t.Errorf("the salt is %q", back.Salt)
	}
	if len(back.Config) != 4 || back.Config["gatehouse:lambdaArchitecture"] != "x86_64" || back.Config["gatehouse:logRetentionDays"] != 1 {
		t.Errorf("got\n%s", got)
	}
}

func TestComposeConfigFirstAndBroken(t *testing.T) {
	got, err := composeConfig(nil, nil, map[string]any{"gatehouse:lambdaArchitecture": "arm64"})
	if err != nil || strings.Contains(string(got), salt) || !strings.Contains(string(got), "gatehouse:lambdaArchitecture: arm64") {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := composeConfig([]byte("config: ["), nil, nil); err == nil || !strings.Contains(err.Error(), "Pulumi.local.yaml") {
		t.Errorf("a broken committed file gave %v", err)
	}
	if _, err := composeConfig(nil, []byte("{"), nil); err == nil || !strings.Contains(err.Error(), ".local/config.yaml") {
		t.Errorf("a broken file of ours gave %v", err)
	}
}

func TestProgress(t *testing.T) {
	var p Progress
	for _, test := range []struct{ line, want string }{
		{"    pulumi:pulumi:Stack gatehouse-local  Compiling the program ...", "compiling the program"},
		{" +  aws:ssm/parameter:Parameter key creating (3s)", "0 done, creating Parameter key"},
		{" +  aws:ssm/parameter:Parameter key created (3.14s)", "1 done"},
		{" +  aws:cloudfront:Distribution edge creating (0s)", "1 done, creating Distribution edge"},
		{" +  aws:iam:Role r creating (0s)", "1 done, creating Role r"},
		{" +  aws:iam:Role r created (0s)", "2 done, creating Distribution edge"},
		{" +  aws:cloudfront:Distribution edge created (30s)", "3 done"},
		{" ~  aws:cloudfront:Distribution edge updating (12s) [diff: ~comment]", "3 done, updating Distribution edge"},
		{" +- aws:iam:Role r deleted original (0s)", "4 done, updating Distribution edge"},
		{"    gatehouse:edge:Edge edge  ", ""},
		{"Updating (local):", ""},
		{"Resources:", ""},
		{"    + 25 created", ""},
		{"    3 unchanged", ""},
		{"    +-1 updated", ""},
	} {
		if got := p.Read(test.line); got != test.want {
			t.Errorf("%q: got %q, want %q", test.line, got, test.want)
		}
	}
	if got := p.Changes(); got != "25 created, 1 updated" {
		t.Errorf("got %q", got)
	}
	var none Progress
	none.Read("    26 unchanged")
	if got := none.Changes(); got != "no change" {
		t.Errorf("got %q", got)
	}
}

func TestEnvKeepsRealAccountsOut(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_ENDPOINT_URL_SSM", "https://real.example")
	t.Setenv("PULUMI_ACCESS_TOKEN", "token")
	t.Setenv("VAULT_NAMESPACE", "production")
	t.Setenv("KUBECONFIG", "/home/me/production")
	t.Setenv("PATH", "/usr/bin")
	env := CLI{Layout: checkout.Layout{Root: "/r"}, Path: "/engine/pulumi", Endpoint: "http://127.0.0.1:4566"}.Env()
	for _, entry := range env {
		if strings.Contains(entry, "production") || strings.Contains(entry, "real.example") || strings.Contains(entry, "token") {
			t.Errorf("%s came through", entry)
		}
	}
	for _, want := range []string{
		"PATH=/engine:/usr/bin", "PULUMI_BACKEND_URL=file:///r/.local/state", "AWS_ENDPOINT_URL=http://127.0.0.1:4566",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// Of two entries with one name, which counts is up to the system.
func TestEnvNamesEachProxyAndAuthorityOnce(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", "/the/users.pem")
	t.Setenv("https_proxy", "http://real.example")
	env := CLI{Environment: map[string]string{"HTTPS_PROXY": "http://127.0.0.1:1", "SSL_CERT_FILE": "/the/clouds.pem"}}.Env()
	var found []string
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		if name = strings.ToUpper(name); name == "SSL_CERT_FILE" || name == "HTTPS_PROXY" {
			found = append(found, entry)
		}
	}
	if want := []string{"HTTPS_PROXY=http://127.0.0.1:1", "SSL_CERT_FILE=/the/clouds.pem"}; !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
}

// The language host compiles the program in this environment.
func TestEnvHasTheFlagOfTheSDKs(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=mod")
	l := checkout.Layout{Root: t.TempDir()}
	flags := build.Settings()[0]
	if env := (CLI{Layout: l}).Env(); !slices.Contains(env, flags) || !strings.Contains(flags, "-mod=mod") {
		t.Errorf("without copies, got %v", env)
	}
	if err := os.MkdirAll(l.SDK(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.SDK(), "go.mod"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want := flags + " '-modfile=" + filepath.Join(l.SDK(), "go.mod") + "'"
	if env := (CLI{Layout: l}).Env(); !slices.Contains(env, want) {
		t.Errorf("got %v, want %s", env, want)
	}
}

func TestArgs(t *testing.T) {
	c := CLI{Layout: checkout.Layout{Root: "/r"}}
	for _, test := range [][2]string{
		{"preview --diff", "preview --config-file /r/.local/config.yaml --diff"},
		{"config get a", "config --config-file /r/.local/config.yaml get a"},
		{"stack output", "stack output"},
		{"", ""},
	} {
		if got := strings.Join(c.Args(strings.Fields(test[0])), " "); got != test[1] {
			t.Errorf("%q became %q", test[0], got)
		}
	}
}

func TestInstalled(t *testing.T) {
	engine := func(version string, host bool) string {
		dir := t.TempDir()
		write := func(name, body string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		write("pulumi", "echo "+version)
		if host {
			write("pulumi-language-go", "")
		}
		return dir
	}
	old, lonely, own, good := engine("v3.254.9", true), engine("v3.300.0", false), engine("v3.255.0", true), engine("v3.256.1", true)
	for _, test := range []struct {
		path []string
		want string
	}{
		{[]string{old, lonely, own, good}, filepath.Join(good, "pulumi")},
		{[]string{old, lonely, own}, ""},
	} {
		t.Setenv("PATH", strings.Join(append(test.path, "/usr/bin", "/bin"), ":"))
		if path, _, found := Installed(t.Context(), own); path != test.want || found != (test.want != "") {
			t.Errorf("got %q, want %q", path, test.want)
		}
	}
}

// The engine of CI, the one that is built here, and the module that it is built from.
func TestThereIsOneVersionOfTheEngine(t *testing.T) {
	pinned, err := os.ReadFile("../../.pulumi.version")
	if err != nil {
		t.Fatal(err)
	}
	if got := "v" + strings.TrimSpace(string(pinned)); got != Version {
		t.Errorf(".pulumi.version has %s, the local run %s", got, Version)
	}
	module, err := os.ReadFile("../../standins/engine/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "github.com/pulumi/pulumi/pkg/v3 " + Version + " "; !strings.Contains(string(module), want) {
		t.Errorf("standins/engine/go.mod has another version than %s", Version)
	}
}

func TestDiagnostics(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	content := "noise\nDiagnostics:\n  aws:iam:Role (r):\n    error: denied\n\nResources:\n    1 errored\n"
	if err := os.WriteFile(log, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := diagnostics(log); got != "      aws:iam:Role (r):\n        error: denied" {
		t.Errorf("got %q", got)
	}
}

// Another version's program has its own settings, and may require other SDKs.
func TestAnotherVersionsProject(t *testing.T) {
	l := checkout.Layout{Root: t.TempDir()}
	other := t.TempDir()
	for path, content := range map[string]string{
		filepath.Join(l.SDK(), "go.mod"): "", filepath.Join(other, "Pulumi.local.yaml"): "config:\n  gatehouse:old: true\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := CLI{Layout: l, Project: other, Path: "/bin/pwd"}
	if err := c.WriteConfig(map[string]any{"gatehouse:machine": 1}); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(l.Config())
	if err != nil || !strings.Contains(string(written), "gatehouse:old: true") || !strings.Contains(string(written), "gatehouse:machine: 1") {
		t.Errorf("the configuration is %s, %v", written, err)
	}
	if env := strings.Join(c.Env(), " "); strings.Contains(env, "-modfile") || !strings.Contains(env, l.State()) {
		t.Errorf("the environment is %s", env)
	}
	if dir, err := c.Output(t.Context()); err != nil || strings.TrimSpace(dir) != other {
		t.Errorf("the CLI runs in %q, %v", dir, err)
	}
}
