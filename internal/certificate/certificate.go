// Package certificate declares the TLS certificate of the model server: the PKI role and
// the policy in Vault, and the Secret in Kubernetes, issued by Vault or by cert-manager.
// Package workload mounts the Secret.
package certificate

import (
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/authority"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/namespace"
)

// component is the component label of all objects.
const component = "certificate"

// Args configures a [Certificate].
type Args struct {
	Deployment deployment.Deployment
	Settings   config.Certificate
	Vault      config.Vault
	Issuer     authority.Issuer
	Namespace  *namespace.Namespace
}

// Certificate is a certificate with its role, its policy and its Secret.
type Certificate struct {
	pulumi.ResourceState

	Role   pulumi.StringOutput // in the issuer's mount
	Policy pulumi.StringOutput // name in Vault

	// SecretName is the name of the Secret, of type kubernetes.io/tls. It is known once the
	// Secret exists.
	SecretName pulumi.StringOutput

	// Issued is nil if cert-manager issues the certificate, unknown to the program.
	Issued *Issued
}

// Issued has the properties of a certificate issued by Vault.
type Issued struct {
	SerialNumber pulumi.StringOutput // in Vault's format: "1a:2b:…"
	Expires      pulumi.StringOutput // RFC 3339, UTC
	Chain        pulumi.StringOutput // PEM: the certificate, then each that signed the one before, without the root
}

// New declares the certificate.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Certificate, error) {
	c := &Certificate{}
	if err := ctx.RegisterComponentResource("gatehouse:certificate:Certificate", name, c, opts...); err != nil {
		return nil, err
	}
	role, err := c.newRole(ctx, name, args)
	if err != nil {
		return nil, err
	}
	policy, err := c.newPolicy(ctx, name, args, role)
	if err != nil {
		return nil, err
	}
	c.Role, c.Policy = role.Name, policy.Name
	if err := c.issue(ctx, name, args, role); err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"role":       c.Role,
		"policy":     c.Policy,
		"secretName": c.SecretName,
	})
}

// issue declares the certificate: issued by Vault in this update, or by cert-manager at
// any time.
func (c *Certificate) issue(ctx *pulumi.Context, name string, args *Args, role *pkisecret.SecretBackendRole) error {
	if args.Settings.Issuer == config.IssuerCertManager {
		return c.newManaged(ctx, name, args, role)
	}
	leaf, err := c.newLeaf(ctx, name, args, role)
	if err != nil {
		return err
	}
	return c.newSecret(ctx, name, args, leaf)
}

// newPolicy declares the Vault policy that allows to get certificates of the role, and
// nothing else.
func (c *Certificate) newPolicy(ctx *pulumi.Context, name string, args *Args, role *pkisecret.SecretBackendRole) (*vault.Policy, error) {
	allowed := issuePaths
	if args.Settings.Issuer == config.IssuerCertManager {
		allowed = signPaths
	}
	return vault.NewPolicy(ctx, name+"-policy", &vault.PolicyArgs{
		Name:   pulumi.String(args.Deployment.Name + "-certificates"),
		Policy: pulumi.All(args.Issuer.Mount, role.Name).ApplyT(func(all []any) string { return policyHCL(allowed(all[0].(string), all[1].(string))) }).(pulumi.StringOutput),
	}, pulumi.Parent(c))
}
