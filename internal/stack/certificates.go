package stack

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/certificate"
	"github.com/gatehouse-iac/gatehouse/internal/certificate/authority"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/namespace"
	"github.com/gatehouse-iac/gatehouse/internal/workload"
)

// certificates holds the private side's certificate with the authority that issues it
// and the workload that serves it. It is empty without a Vault.
type certificates struct {
	authority   *authority.Authority // nil if an existing one issues
	issuer      authority.Issuer
	namespace   *namespace.Namespace
	certificate *certificate.Certificate
	workload    *workload.Workload // nil unless the settings enable it
}

// issued returns the certificate that Vault issued, nil if cert-manager requests it.
func (c certificates) issued() *certificate.Issued {
	if c.certificate == nil {
		return nil
	}
	return c.certificate.Issued
}

func declareCertificates(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, private privateNetwork, protect pulumi.ResourceOption) (c certificates, err error) {
	if !s.Certificate.Enabled {
		return certificates{}, nil
	}
	onVault, err := newVaultProvider(ctx, s.Vault, vaultSession(s.OriginFunction), protect)
	if err != nil {
		return c, err
	}
	onKubernetes, err := newKubernetesProvider(ctx, s.Kubernetes, protect)
	if err != nil {
		return c, err
	}
	c.namespace, err = namespace.New(ctx, "cluster", &namespace.Args{Deployment: d, Settings: s.Kubernetes}, pulumi.Providers(onKubernetes), protect)
	if err != nil {
		return c, err
	}
	if err := c.declareAuthority(ctx, d, s, onVault); err != nil {
		return c, err
	}
	c.certificate, err = certificate.New(ctx, "certificate", &certificate.Args{
		Deployment: d,
		Settings:   s.Certificate,
		Vault:      s.Vault,
		Issuer:     c.issuer,
		Namespace:  c.namespace,
	}, pulumi.Providers(onVault, onKubernetes))
	if err != nil || !s.Workload.Enabled {
		return c, err
	}
	c.workload, err = workload.New(ctx, "workload", c.workloadArgs(s, private), pulumi.Providers(onKubernetes))
	return c, err
}

// declareAuthority declares the stack's own authority, or looks an existing one up.
func (c *certificates) declareAuthority(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, onVault pulumi.ProviderResource) (err error) {
	if s.Certificate.Existing.Mount != "" {
		c.issuer, err = authority.Existing(ctx, s.Certificate, time.Now(), pulumi.Provider(onVault))
		return err
	}
	c.authority, err = authority.New(ctx, "authority", &authority.Args{
		Deployment: d,
		Vault:      s.Vault,
		Settings:   s.Certificate,
	}, pulumi.Providers(onVault))
	if err == nil {
		c.issuer = c.authority.Issuer
	}
	return err
}

func (c certificates) workloadArgs(s config.Settings, private privateNetwork) *workload.Args {
	args := &workload.Args{
		Settings:   s.Workload,
		Inference:  s.Inference,
		Namespace:  c.namespace,
		SecretName: c.certificate.SecretName,
	}
	if issued := c.issued(); issued != nil {
		args.SerialNumber = issued.SerialNumber
	}
	if s.Workload.TargetGroup {
		args.TargetGroupARN = private.inference.TargetGroupARN
	}
	return args
}
