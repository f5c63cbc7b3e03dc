package deployment

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Account identifies the AWS account of a provider's credentials.
type Account struct {
	ID        string
	Partition string
}

// Lookup looks up the account of provider's credentials.
func Lookup(ctx *pulumi.Context, provider *aws.Provider) (Account, error) {
	identity, err := aws.GetCallerIdentity(ctx, nil, pulumi.Provider(provider))
	if err != nil {
		return Account{}, fmt.Errorf("looking up the AWS account (are there credentials?): %w", err)
	}
	partition, err := aws.GetPartition(ctx, nil, pulumi.Provider(provider))
	if err != nil {
		return Account{}, fmt.Errorf("looking up the AWS partition: %w", err)
	}
	return Account{identity.AccountId, partition.Partition}, nil
}

// NewProvider declares a provider for a region, whose default tags are on everything
// that can have tags.
func NewProvider(ctx *pulumi.Context, name, region string, opts ...pulumi.ResourceOption) (*aws.Provider, error) {
	return aws.NewProvider(ctx, name, &aws.ProviderArgs{
		Region: pulumi.String(region),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.StringMap{
			"project":    pulumi.String(ctx.Project()),
			"stack":      pulumi.String(ctx.Stack()),
			"managed-by": pulumi.String("pulumi"),
		}},
	}, opts...)
}
