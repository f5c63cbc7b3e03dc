package plugins_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/servertest"
)

// The versions of the SDKs that are served.
const (
	vaultVersion      = "6.7.4"
	kubernetesVersion = "4.33.0"
)

// TestThroughTheCLI takes a small program through the real engine: a
// certificate authority in Vault, its leaf in a Kubernetes Secret; up, no
// change, a renewal, an error, destroy.
func TestThroughTheCLI(t *testing.T) {
	s := newSetup(t)
	stack := s.stack(t)

	up, err := stack.Up(t.Context(), optup.Refresh())
	if err != nil {
		t.Fatal(err)
	}
	key := up.Outputs["key"]
	if !key.Secret || !strings.Contains(key.Value.(string), "PRIVATE KEY") {
		t.Fatal("the key is no secret output")
	}
	s.assertNowhere(t, up.StdOut, keyLine(key.Value.(string)))
	first := parsed(t, up.Outputs["certificate"].Value.(string))
	secret := up.Outputs["secret"].Value.(string)

	s.assertNoChange(t, stack)

	// The leaf is due; the Secret follows it in the same run, where it is.
	s.remaining = 3600
	up, err = stack.Up(t.Context(), optup.Refresh(), optup.Diff())
	if err != nil {
		t.Fatal(err)
	}
	if changes := *up.Summary.ResourceChanges; changes[string(apitype.OpUpdate)] != 1 || changes[string(apitype.OpReplace)] != 0 {
		t.Errorf("a later renewal is a change of the leaf alone: %v\n%s", changes, up.StdOut)
	}
	up, err = stack.Up(t.Context(), optup.Refresh(), optup.Diff())
	if err != nil {
		t.Fatal(err)
	}
	changes := *up.Summary.ResourceChanges
	if changes[string(apitype.OpReplace)] != 1 || changes[string(apitype.OpUpdate)] != 1 {
		t.Errorf("%v\n%s", changes, up.StdOut)
	}
	second := parsed(t, up.Outputs["certificate"].Value.(string))
	if first.SerialNumber.Cmp(second.SerialNumber) == 0 || up.Outputs["secret"].Value != secret {
		t.Errorf("the serial number is %v, the Secret is called %v", second.SerialNumber, up.Outputs["secret"].Value)
	}
	newKey := up.Outputs["key"].Value.(string)
	s.assertNowhere(t, up.StdOut, keyLine(newKey))
	pair, err := tls.X509KeyPair([]byte(up.Outputs["certificate"].Value.(string)), []byte(newKey))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(up.Outputs["root"].Value.(string)))
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: "model.example.com", Roots: roots}); err != nil {
		t.Error(err)
	}

	s.commonName = "elsewhere.example.com"
	_, err = stack.Up(t.Context(), optup.Refresh())
	if err == nil || strings.Count(err.Error(), `    error: vault:pkiSecret:SecretBackendCert "leaf": the Vault at `) != 1 || !strings.Contains(err.Error(), "not allowed") {
		t.Errorf("a name that the role does not allow: %v", err)
	}
	s.commonName = "model.example.com"

	if _, err := stack.Destroy(t.Context(), optdestroy.Refresh()); err != nil {
		t.Fatal(err)
	}
	left, err := stack.Export(t.Context())
	if err != nil || strings.Contains(string(left.Deployment), `"urn"`) {
		t.Errorf("left behind: %s, %v", left.Deployment, err)
	}
}

// TestPluginEndsWithTheCLI kills the process that started a plugin.
func TestPluginEndsWithTheCLI(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it builds a plugin")
	}
	for _, name := range []string{"vault", "kubernetes"} {
		plugin := buildPlugin(t, t.TempDir(), name, "1.0.0")
		// The shell stands for the CLI: it starts the plugin and waits.
		cmd := exec.CommandContext(t.Context(), "sh", "-c", `"$0" 127.0.0.1:1 & echo $!; wait`, plugin)
		output, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(output)
		number := readNumber(t, lines)
		readNumber(t, lines) // the port: it serves
		_ = cmd.Process.Kill()
		ended := make(chan struct{})
		go func() { _, _ = io.Copy(io.Discard, lines); close(ended) }() // until no process holds the pipe
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = syscall.Kill(number, syscall.SIGKILL)
			t.Errorf("the %s plugin runs on", name)
		}
		_ = cmd.Wait()
	}
}

func readNumber(t *testing.T, lines *bufio.Reader) int {
	t.Helper()
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// setup is the two servers, and a Pulumi with the plugins.
type setup struct {
	folder, kubeconfig, vault string
	env                       map[string]string

	commonName string
	remaining  int // seconds of the leaf's life at which it is renewed
}

func newSetup(t *testing.T) *setup {
	cli := servertest.Bin(t, "pulumi")
	vault, kubernetes := servertest.StartVault(t), servertest.StartKubernetes(t)
	s := &setup{folder: t.TempDir(), kubeconfig: kubernetes.Kubeconfig, vault: vault.Address, commonName: "model.example.com", remaining: 600}
	s.env = map[string]string{
		"VAULT_TOKEN":                                 vault.Token,
		"PULUMI_BACKEND_URL":                          "file://" + s.subfolder(t, "state"),
		"PULUMI_CONFIG_PASSPHRASE":                    "test",
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
	t.Setenv("PATH", filepath.Dir(cli)+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("PULUMI_HOME", s.subfolder(t, "home"))
	for name, version := range map[string]string{"vault": vaultVersion, "kubernetes": kubernetesVersion} {
		execute(t, ".", cli, "plugin", "install", "resource", name, version, "-f", buildPlugin(t, s.folder, name, version))
	}
	return s
}

func buildPlugin(t *testing.T, folder, name, version string) string {
	path := filepath.Join(folder, name+"-plugin")
	execute(t, ".", "go", "build", "-trimpath", "-ldflags", "-X main.version="+version, "-o", path, "./"+name)
	return path
}

func execute(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func (s *setup) subfolder(t *testing.T, name string) string {
	folder := filepath.Join(s.folder, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

func (s *setup) stack(t *testing.T) auto.Stack {
	stack, err := auto.UpsertStackInlineSource(t.Context(), "test", "trial", s.program,
		auto.WorkDir(s.subfolder(t, "project")), auto.EnvVars(s.env),
		auto.Project(workspace.Project{Name: tokens.PackageName("trial"), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}))
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

func (s *setup) assertNoChange(t *testing.T, stack auto.Stack) {
	t.Helper()
	preview, err := stack.Preview(t.Context(), optpreview.Refresh(), optpreview.Diff())
	if err != nil {
		t.Fatal(err)
	}
	for op, n := range preview.ChangeSummary {
		if op != apitype.OpSame && n > 0 {
			t.Errorf("%d %s:\n%s", n, op, preview.StdOut)
		}
	}
}

// keyLine is a line in the middle of a PEM block, which is nowhere else.
func keyLine(text string) string { return strings.Split(text, "\n")[1] }

// assertNowhere looks for a text, as it is and in base64, in an output and in
// all that the CLI keeps.
func (s *setup) assertNowhere(t *testing.T, output, text string) {
	t.Helper()
	// Where in the base64 the text begins depends on what is before it.
	encoded := base64.StdEncoding.EncodeToString([]byte(text))[4:40]
	check := func(where, content string) {
		if strings.Contains(content, text) || strings.Contains(content, encoded) || strings.Contains(content, s.env["VAULT_TOKEN"]) {
			t.Errorf("%s shows a secret", where)
		}
	}
	check("the output", output)
	for _, folder := range []string{"state", "home", "project"} {
		err := filepath.WalkDir(filepath.Join(s.folder, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(path, "plugins") {
				return err
			}
			content, err := os.ReadFile(path)
			check(path, string(content))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func parsed(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// made are the outputs that the program uses.
type made struct {
	pulumi.CustomResourceState
	Certificate pulumi.StringOutput `pulumi:"certificate"`
	PrivateKey  pulumi.StringOutput `pulumi:"privateKey"`
	CSR         pulumi.StringOutput `pulumi:"csr"`
	Name        pulumi.StringOutput `pulumi:"name"`
	Path        pulumi.StringOutput `pulumi:"path"`
	Metadata    pulumi.MapOutput    `pulumi:"metadata"`
}

// program registers by token what a program in Go registers through the SDKs,
// and needs no compilation of them.
func (s *setup) program(ctx *pulumi.Context) error {
	vault := &provided{ctx: ctx}
	vault.provide("vault", vaultVersion, pulumi.Map{"address": pulumi.String(s.vault), "token": pulumi.String("")})
	kubeconfig, err := os.ReadFile(s.kubeconfig)
	if err != nil {
		return err
	}
	kubernetes := &provided{ctx: ctx, err: vault.err}
	kubernetes.provide("kubernetes", kubernetesVersion, pulumi.Map{
		"kubeconfig": pulumi.ToSecret(pulumi.String(kubeconfig)), "enableSecretMutable": pulumi.Bool(true),
	})

	mount := vault.add("vault:index/mount:Mount", "pki", pulumi.Map{
		"path": pulumi.String("pki"), "type": pulumi.String("pki"), "maxLeaseTtlSeconds": pulumi.Int(315360000),
	})
	root := vault.add("vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert", "root", pulumi.Map{
		"backend": mount.Path, "type": pulumi.String("internal"), "commonName": pulumi.String("Root"),
		"keyType": pulumi.String("ec"), "keyBits": pulumi.Int(256), "ttl": pulumi.String("87600h"),
	})
	role := vault.add("vault:pkiSecret/secretBackendRole:SecretBackendRole", "gateway", pulumi.Map{
		"backend": mount.Path, "allowedDomains": pulumi.ToStringArray([]string{"model.example.com"}), "allowBareDomains": pulumi.Bool(true),
		"keyType": pulumi.String("ec"), "keyBits": pulumi.Int(256), "maxTtl": pulumi.String("86400"),
	}, pulumi.DependsOn([]pulumi.Resource{root}))
	leaf := vault.add("vault:pkiSecret/secretBackendCert:SecretBackendCert", "leaf", pulumi.Map{
		"backend": mount.Path, "name": role.Name, "commonName": pulumi.String(s.commonName), "ttl": pulumi.String("30m"),
		"autoRenew": pulumi.Bool(true), "minSecondsRemaining": pulumi.Int(s.remaining), "revoke": pulumi.Bool(true),
		"privateKeyFormat": pulumi.String("pkcs8"),
	}, pulumi.DeleteBeforeReplace(false))

	kubernetes.err = vault.err
	namespace := kubernetes.add("kubernetes:core/v1:Namespace", "gatehouse", kind("v1", "Namespace", pulumi.Map{}))
	secret := kubernetes.add("kubernetes:core/v1:Secret", "tls", kind("v1", "Secret", pulumi.Map{
		"metadata":   pulumi.Map{"name": pulumi.String("tls"), "namespace": namespace.Metadata.MapIndex(pulumi.String("name"))},
		"type":       pulumi.String("kubernetes.io/tls"),
		"stringData": pulumi.Map{"tls.crt": leaf.Certificate, "tls.key": leaf.PrivateKey},
	}))
	if kubernetes.err != nil {
		return kubernetes.err
	}
	ctx.Export("certificate", leaf.Certificate)
	ctx.Export("key", leaf.PrivateKey)
	ctx.Export("root", root.Certificate)
	ctx.Export("secret", secret.Metadata.MapIndex(pulumi.String("name")))
	return nil
}

func kind(version, kind string, inputs pulumi.Map) pulumi.Map {
	inputs["apiVersion"], inputs["kind"] = pulumi.String(version), pulumi.String(kind)
	return inputs
}

// provided adds resources of one provider and keeps the first error.
type provided struct {
	ctx      *pulumi.Context
	provider pulumi.ProviderResource
	version  string
	err      error
}

func (p *provided) provide(name, version string, config pulumi.Map) {
	provider := &pulumi.ProviderResourceState{}
	p.provider, p.version = provider, version
	if p.err == nil {
		p.err = p.ctx.RegisterResource("pulumi:providers:"+name, name, config, provider, pulumi.Version(version))
	}
}

func (p *provided) add(token, name string, inputs pulumi.Map, opts ...pulumi.ResourceOption) *made {
	m := &made{}
	if p.err == nil {
		p.err = p.ctx.RegisterResource(token, name, inputs, m, append(opts, pulumi.Provider(p.provider), pulumi.Version(p.version))...)
	}
	return m
}
