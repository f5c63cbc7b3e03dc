package network_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/network"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func existing(t testing.TB, subnets ...string) (network.Attachment, *pulumitest.Recorder, error) {
	t.Helper()
	var attachment network.Attachment
	r, err := pulumitest.Run(func(ctx *pulumi.Context) (err error) {
		attachment, err = network.Existing(ctx, config.ExistingNetwork{VPCID: pulumitest.ExistingVPC, PrivateSubnetIDs: subnets})
		return err
	})
	return attachment, r, err
}

func TestExistingVPCIsReadAndNotChanged(t *testing.T) {
	attachment, r, err := existing(t, pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB)
	require.NoError(t, err)
	assert.Equal(t, network.Attachment{
		VPCID:            pulumi.String(pulumitest.ExistingVPC),
		CIDRs:            []string{"10.20.0.0/16", "100.64.0.0/16"},
		PrivateSubnetIDs: pulumi.StringArray{pulumi.String(pulumitest.ExistingSubnetA), pulumi.String(pulumitest.ExistingSubnetB)},
	}, attachment)
	assert.Empty(t, r.All())
}

func TestSubnetsUnfitForALoadBalancerAreRejected(t *testing.T) {
	for name, c := range map[string]struct {
		subnets []string
		want    string
	}{
		"one zone":             {[]string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetAAgain}, "2 subnets in 1 zone(s)"},
		"two in one of two":    {[]string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB, pulumitest.ExistingSubnetAAgain}, "3 subnets in 2 zone(s)"},
		"of another VPC":       {[]string{pulumitest.ExistingSubnetA, pulumitest.ForeignSubnet}, "belongs to vpc-0fedcba9876543210; allowed: subnets of gatehouse:networkVpcId, " + pulumitest.ExistingVPC},
		"subnet doesn't exist": {[]string{pulumitest.ExistingSubnetA, "subnet-00000000"}, "looking up subnet-00000000 of gatehouse:networkPrivateSubnetIds"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := existing(t, c.subnets...)
			assert.ErrorContains(t, err, c.want)
		})
	}
}
