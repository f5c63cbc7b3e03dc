package stack

import (
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/kubeconfig"
)

// providers are the AWS providers: default tags are on everything that can have tags.
type providers struct {
	regional *aws.Provider // for the stack's region
	usEast1  *aws.Provider // for the region that CloudFront demands; the same where they are one
	protect  pulumi.ResourceOption
}

func newProviders(ctx *pulumi.Context, s config.Settings) (providers, error) {
	protect := pulumi.Protect(s.Safeguards.Protect)
	regional, err := deployment.NewProvider(ctx, "aws", s.Region, protect)
	if err != nil || s.Region == config.GlobalRegion {
		return providers{regional: regional, usEast1: regional, protect: protect}, err
	}
	usEast1, err := deployment.NewProvider(ctx, "aws-"+config.GlobalRegion, config.GlobalRegion, protect)
	return providers{regional: regional, usEast1: usEast1, protect: protect}, err
}

// protected returns the options of resources that no update replaces as a matter of
// course: they are protected if the settings say so. A protected resource can't be
// replaced either.
func (p providers) protected(provider *aws.Provider) pulumi.ResourceOption {
	return pulumi.Composite(pulumi.Provider(provider), p.protect)
}

// updateAllowance bounds the time that an update takes beside its longest wait.
const updateAllowance = time.Hour

// vaultSession returns how long the token lives that Vault's plugin creates for itself:
// longer than any update, the end of which revokes replaced certificates and removes
// the mounts. The longest wait is for CloudFront to release the origin function. It
// counts with the function disabled too: that is the update that deletes it.
func vaultSession(s config.OriginFunction) time.Duration {
	if s.SkipDestroy {
		return updateAllowance
	}
	return s.DeleteTimeout + updateAllowance
}

// vaultNamespaceVariable holds the namespace that Vault's plugin, and its client, use.
const vaultNamespaceVariable = "VAULT_NAMESPACE"

// newVaultProvider declares the one Vault provider.
func newVaultProvider(ctx *pulumi.Context, s config.Vault, session time.Duration, protect pulumi.ResourceOption) (*vault.Provider, error) {
	// In a namespace, the URLs in certificates and the address that cert-manager gets
	// would lead to the root namespace, where nothing is mounted.
	if namespace := os.Getenv(vaultNamespaceVariable); namespace != "" {
		return nil, fmt.Errorf("%s is %q in this environment and must be unset: the stack's certificates need Vault's root namespace", vaultNamespaceVariable, namespace)
	}
	return vaultProviderWithoutToken(ctx, "vault", pulumi.Map{
		"address":            pulumi.String(s.Address),
		"maxLeaseTtlSeconds": pulumi.Int(session / time.Second),
	}, protect)
}

// vaultProviderWithoutToken declares a Vault provider that has no token. Given one, the
// engine would keep it in the state, and use it when the stack is destroyed long after.
// Without, the plugin reads VAULT_TOKEN of the environment each time.
//
// NewProvider of the SDK returns an error if the address or the token is nil
// (pulumi-vault/sdk/v6/go/vault/provider.go): both are required in the provider's schema,
// although the plugin needs no token in its configuration. An empty token satisfies the
// SDK, and [exactly] removes it from what is registered.
func vaultProviderWithoutToken(ctx *pulumi.Context, name string, properties pulumi.Map, opts ...pulumi.ResourceOption) (*vault.Provider, error) {
	required := &vault.ProviderArgs{Address: pulumi.String(""), Token: pulumi.String("")}
	return vault.NewProvider(ctx, name, required, append(opts, exactly(properties))...)
}

// newKubernetesProvider declares the one Kubernetes provider. It updates a Secret whose
// data changes, where it would replace it otherwise.
func newKubernetesProvider(ctx *pulumi.Context, s config.Kubernetes, protect pulumi.ResourceOption) (*kubernetes.Provider, error) {
	properties := pulumi.Map{"enableSecretMutable": pulumi.Bool(true)}
	identifier := s.Context
	if s.Kubeconfig != "" {
		loaded, err := kubeconfig.Load(s.Kubeconfig.Reveal(), s.Context)
		if err != nil {
			return nil, fmt.Errorf("gatehouse:kubernetesKubeconfig: %w", err)
		}
		properties["kubeconfig"] = pulumi.ToSecret(pulumi.String(loaded.Content))
		identifier = loaded.Context
	}
	if s.Context != "" {
		properties["context"] = pulumi.String(s.Context)
	}
	if s.Cluster != "" {
		identifier = s.Cluster
	}
	// Without clusterIdentifier, the provider takes a renewed certificate authority of the
	// cluster for another cluster, and another context of the environment's kubeconfig for
	// the same.
	properties["clusterIdentifier"] = pulumi.String(identifier)
	return kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{}, protect, exactly(properties))
}

// exactly gives a provider these properties and no others. The SDKs add what they find in
// the environment, $KUBECONFIG for one: it would be in the state, another user's value
// would be a difference, and the machine of the first one would be needed forever.
func exactly(properties pulumi.Map) pulumi.ResourceOption {
	return pulumi.Transformations([]pulumi.ResourceTransformation{
		func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			return &pulumi.ResourceTransformationResult{Props: properties, Opts: args.Opts}
		},
	})
}
