package plugins_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// changing is a program whose settings change.
type changing struct {
	*setup

	life       string // of the intermediate
	replacing  bool   // whether another life replaces its certificate
	kubeconfig string // content
	cluster    string // its identifier
}

func (c *changing) program(ctx *pulumi.Context) error {
	vault := &provided{ctx: ctx}
	vault.provide("vault", vaultVersion, pulumi.Map{"address": pulumi.String(c.vault), "token": pulumi.String("")})
	mount := vault.add("vault:index/mount:Mount", "pki", pulumi.Map{
		"path": pulumi.String("pki"), "type": pulumi.String("pki"), "maxLeaseTtlSeconds": pulumi.Int(315360000),
	})
	key := pulumi.Map{
		"backend": mount.Path, "type": pulumi.String("internal"), "commonName": pulumi.String("Root"),
		"keyType": pulumi.String("ec"), "keyBits": pulumi.Int(256),
	}
	root := vault.add("vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert", "root", with(key, "ttl", "87600h"))
	request := vault.add("vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest", "request", with(key, "commonName", "Intermediate"))
	var opts []pulumi.ResourceOption
	if c.replacing {
		opts = append(opts, pulumi.ReplaceOnChanges([]string{"issuerRef", "ttl"}))
	}
	intermediate := vault.add("vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate", "intermediate", pulumi.Map{
		"backend": mount.Path, "commonName": pulumi.String("Intermediate"), "csr": request.CSR, "ttl": pulumi.String(c.life),
	}, append(opts, pulumi.DependsOn([]pulumi.Resource{root}))...)

	kubernetes := &provided{ctx: ctx, err: vault.err}
	kubernetes.provide("kubernetes", kubernetesVersion, pulumi.Map{
		"kubeconfig": pulumi.ToSecret(pulumi.String(c.kubeconfig)), "clusterIdentifier": pulumi.String(c.cluster),
	})
	kubernetes.add("kubernetes:core/v1:Namespace", "gatehouse", kind("v1", "Namespace", pulumi.Map{"metadata": pulumi.Map{"name": pulumi.String("gatehouse")}}))
	ctx.Export("intermediate", intermediate.Certificate)
	return kubernetes.err
}

func with(inputs pulumi.Map, key, value string) pulumi.Map {
	changed := pulumi.Map{key: pulumi.String(value)}
	for name, input := range inputs {
		if name != key {
			changed[name] = input
		}
	}
	return changed
}

// TestChanges takes changes of settings through the real engine.
func TestChanges(t *testing.T) {
	s := newSetup(t)
	content, err := os.ReadFile(s.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	c := &changing{setup: s, life: "1000h", kubeconfig: string(content), cluster: "one"}
	stack, err := auto.UpsertStackInlineSource(t.Context(), "test", "changing", c.program,
		auto.WorkDir(s.subfolder(t, "project")), auto.EnvVars(s.env),
		auto.Project(workspace.Project{Name: tokens.PackageName("changing"), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}))
	if err != nil {
		t.Fatal(err)
	}
	lives := func(what, want string) map[string]int {
		t.Helper()
		result, err := stack.Up(t.Context(), optup.Refresh())
		if err != nil {
			t.Fatal(err)
		}
		certificate := parsed(t, result.Outputs["intermediate"].Value.(string))
		if life := certificate.NotAfter.Sub(certificate.NotBefore).Truncate(time.Minute).String(); life != want {
			t.Errorf("%s: the intermediate lives for %s, not %s", what, life, want)
		}
		return *result.Summary.ResourceChanges
	}
	lives("as made", "1000h0m0s")

	// The official provider's update changes only the state.
	c.life = "2000h"
	if changes := lives("another life", "1000h0m0s"); changes[string(apitype.OpUpdate)] != 1 {
		t.Errorf("another life is noted: %v", changes)
	}
	c.life, c.replacing = "3000h", true
	if changes := lives("another life that replaces", "3000h0m0s"); changes[string(apitype.OpReplace)] != 1 {
		t.Errorf("another life replaces the certificate: %v", changes)
	}

	// A second certificate authority of the cluster, while it is being renewed.
	c.kubeconfig = renewing(t, content)
	if changes := lives("another authority", "3000h0m0s"); changes[string(apitype.OpReplace)] != 0 || changes[string(apitype.OpUpdate)] != 1 {
		t.Errorf("another authority of the cluster changes the provider alone: %v", changes)
	}
	c.cluster = "two"
	preview, err := stack.Preview(t.Context(), optpreview.Refresh())
	if err != nil {
		t.Fatal(err)
	}
	if preview.ChangeSummary[apitype.OpReplace] != 2 { // the provider and the namespace
		t.Errorf("another cluster replaces all that is in it: %v\n%s", preview.ChangeSummary, preview.StdOut)
	}
	c.cluster = "one"
	if _, err := stack.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// renewing has the certificate authority of a kubeconfig twice.
func renewing(t *testing.T, kubeconfig []byte) string {
	t.Helper()
	found := regexp.MustCompile(`certificate-authority-data: (\S+)`).FindSubmatch(kubeconfig)
	if found == nil {
		t.Fatal("the kubeconfig has no certificate authority")
	}
	authority, err := base64.StdEncoding.DecodeString(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	twice := base64.StdEncoding.EncodeToString(append(bytes.Clone(authority), authority...))
	return string(bytes.ReplaceAll(kubeconfig, found[1], []byte(twice)))
}
