package stack

import (
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/kubeconfig"
)

// sessionSlack is how long an update may take beside its longest wait.
const sessionSlack = time.Hour

// vaultSession is how long the token lives that Vault's plugin makes for itself:
// longer than any update, the end of which revokes replaced certificates and removes
// the mounts. The longest wait is for CloudFront to let go of the origin function. It
// counts with the function switched off too: that is the update that deletes it.
func vaultSession(s config.OriginFunction) time.Duration {
	if s.SkipDestroy {
		return sessionSlack
	}
	return s.DeleteTimeout + sessionSlack
}

// vaultNamespaceVariable is what Vault's plugin, and its client, take a namespace from.
const vaultNamespaceVariable = "VAULT_NAMESPACE"

// newVaultProvider is the one Vault provider. It has no token: given one, it would
// keep it in the state, and use it when the stack is destroyed long after. Without,
// the plugin takes the one of the environment, each time. The SDK demands a token
// nevertheless.
func newVaultProvider(ctx *pulumi.Context, s config.Vault, session time.Duration, protect pulumi.ResourceOption) (*vault.Provider, error) {
	// In a namespace, the URLs in certificates and the address that cert-manager gets
	// would lead to the root namespace, where nothing is mounted.
	if namespace := os.Getenv(vaultNamespaceVariable); namespace != "" {
		return nil, fmt.Errorf("%s is %q in this environment; allowed: nothing, since the stack's certificates need Vault's root namespace", vaultNamespaceVariable, namespace)
	}
	args := &vault.ProviderArgs{Address: pulumi.String(s.Address), Token: pulumi.String("")}
	return vault.NewProvider(ctx, "vault", args, protect, only(pulumi.Map{
		"address":            pulumi.String(s.Address),
		"maxLeaseTtlSeconds": pulumi.Int(session / time.Second),
	}))
}

// newKubernetesProvider is the one Kubernetes provider. It updates a Secret whose
// data changes, where it would otherwise make another one.
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
	// Without it, the provider takes a renewed certificate authority of the cluster for
	// another cluster, and another context of the environment's kubeconfig for the same.
	properties["clusterIdentifier"] = pulumi.String(identifier)
	return kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{}, protect, only(properties))
}

// only gives a provider these properties and no others. The SDKs add what they find in
// the environment, $KUBECONFIG for one: it would be in the state, another person's would
// be a difference, and the machine of the first one would be needed for good.
func only(properties pulumi.Map) pulumi.ResourceOption {
	return pulumi.Transformations([]pulumi.ResourceTransformation{
		func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			return &pulumi.ResourceTransformationResult{Props: properties, Opts: args.Opts}
		},
	})
}
