package stack

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

// providers are the AWS providers: default tags are on everything that can have tags.
type providers struct {
	here    *aws.Provider // for the stack's region
	global  *aws.Provider // for the region that CloudFront demands; the same where they are one
	protect pulumi.ResourceOption
}

func newProviders(ctx *pulumi.Context, s settings.Settings) (providers, error) {
	protect := pulumi.Protect(s.Safeguards.Protect)
	here, err := deployment.NewProvider(ctx, "aws", s.Region, protect)
	if err != nil || s.Region == settings.GlobalRegion {
		return providers{here: here, global: here, protect: protect}, err
	}
	global, err := deployment.NewProvider(ctx, "aws-"+settings.GlobalRegion, settings.GlobalRegion, protect)
	return providers{here: here, global: global, protect: protect}, err
}

// kept are the options of what nothing replaces as a matter of course: it is
// protected if the settings say so. A protected resource can't be replaced either.
func (p providers) kept(provider *aws.Provider) pulumi.ResourceOption {
	return pulumi.Composite(pulumi.Provider(provider), p.protect)
}

// vaultSession, in seconds, is how long the plugin's token lives, which it makes for
// itself: longer than any `pulumi up`, the end of which revokes replaced certificates.
const vaultSession = 3600

// newVaultProvider is the one Vault provider. It has no token: given one, it would
// keep it in the state, and use it when the stack is destroyed long after. Without,
// the plugin takes the one of the environment, each time. The SDK demands a token
// nevertheless.
func newVaultProvider(ctx *pulumi.Context, s settings.Vault, protect pulumi.ResourceOption) (*vault.Provider, error) {
	properties := pulumi.Map{
		"address":            pulumi.String(s.Address),
		"maxLeaseTtlSeconds": pulumi.Int(vaultSession),
	}
	return vault.NewProvider(ctx, "vault", &vault.ProviderArgs{Address: pulumi.String(s.Address), Token: pulumi.String("")}, protect,
		pulumi.Transformations([]pulumi.ResourceTransformation{
			func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
				return &pulumi.ResourceTransformationResult{Props: properties, Opts: args.Opts}
			},
		}))
}

// newKubernetesProvider is the one Kubernetes provider. It updates a Secret whose
// data changes, where it would otherwise make another one.
func newKubernetesProvider(ctx *pulumi.Context, s settings.Kubernetes, protect pulumi.ResourceOption) (*kubernetes.Provider, error) {
	args := &kubernetes.ProviderArgs{EnableSecretMutable: pulumi.Bool(true)}
	if s.Kubeconfig != "" {
		args.Kubeconfig = pulumi.ToSecret(pulumi.String(s.Kubeconfig.Reveal())).(pulumi.StringOutput)
	}
	if s.Context != "" {
		args.Context = pulumi.String(s.Context)
	}
	return kubernetes.NewProvider(ctx, "kubernetes", args, protect)
}
