package stack

import (
	"maps"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/certificate"
	"github.com/gatehouse-iac/gatehouse/internal/certificate/authority"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/namespace"
	"github.com/gatehouse-iac/gatehouse/internal/workload"
)

// declareCertificates declares what a Vault brings, and returns its exports: none
// without one.
func declareCertificates(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, model private, protect pulumi.ResourceOption) (pulumi.Map, error) {
	if !s.Certificate.Enabled {
		return nil, nil
	}
	onVault, err := newVaultProvider(ctx, s.Vault, vaultSession(s.OriginFunction), protect)
	if err != nil {
		return nil, err
	}
	onKubernetes, err := newKubernetesProvider(ctx, s.Kubernetes, protect)
	if err != nil {
		return nil, err
	}
	place, err := namespace.New(ctx, "cluster", &namespace.Args{Deployment: d, Settings: s.Kubernetes}, pulumi.Providers(onKubernetes), protect)
	if err != nil {
		return nil, err
	}
	issuer, exports, err := declareAuthority(ctx, d, s, onVault)
	if err != nil {
		return nil, err
	}
	made, err := certificate.New(ctx, "certificate", &certificate.Args{
		Deployment: d,
		Settings:   s.Certificate,
		Vault:      s.Vault,
		Issuer:     issuer,
		Namespace:  place,
	}, pulumi.Providers(onVault, onKubernetes))
	if err != nil {
		return nil, err
	}
	maps.Copy(exports, pulumi.Map{
		"pkiMount":           issuer.Mount,
		"pkiRole":            made.Role,
		"pkiPolicy":          made.Policy,
		"caCertificate":      issuer.Root,
		"tlsSecretName":      made.SecretName,
		"tlsSecretNamespace": place.Name,
	})
	if made.Issued != nil {
		exports["certificateSerial"] = made.Issued.SerialNumber
		exports["certificateExpiry"] = made.Issued.Expires
	}
	if s.Workload.Enabled {
		served, err := workload.New(ctx, "workload", workloadArgs(s, place, made, model), pulumi.Providers(onKubernetes))
		if err != nil {
			return nil, err
		}
		exports["workloadServiceName"] = served.ServiceName
	}
	return exports, nil
}

// declareAuthority makes the stack's own authority, or uses an existing one. The
// exports are those that only an own authority has.
func declareAuthority(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, onVault pulumi.ProviderResource) (authority.Issuer, pulumi.Map, error) {
	if s.Certificate.Existing.Mount != "" {
		issuer, err := authority.Existing(ctx, s.Certificate, time.Now(), pulumi.Provider(onVault))
		return issuer, pulumi.Map{}, err
	}
	own, err := authority.New(ctx, "authority", &authority.Args{
		Deployment: d,
		Vault:      s.Vault,
		Settings:   s.Certificate,
	}, pulumi.Providers(onVault))
	if err != nil {
		return authority.Issuer{}, nil, err
	}
	return own.Issuer, pulumi.Map{"pkiRootMount": own.RootMount}, nil
}

func workloadArgs(s config.Settings, place *namespace.Namespace, made *certificate.Certificate, model private) *workload.Args {
	args := &workload.Args{
		Settings:   s.Workload,
		Inference:  s.Inference,
		Namespace:  place,
		SecretName: made.SecretName,
	}
	if made.Issued != nil {
		args.SerialNumber = made.Issued.SerialNumber
	}
	if s.Workload.TargetGroup {
		args.TargetGroupARN = model.targetGroupARN
	}
	return args
}
