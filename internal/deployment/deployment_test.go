package deployment_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func lookUp(t *testing.T, stack string) (d deployment.Deployment, err error) {
	t.Helper()
	err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{})
		if err != nil {
			return err
		}
		d, err = deployment.New(ctx, provider, pulumitest.Settings(t), "dist")
		return err
	}, pulumi.WithMocks("gatehouse", stack, &pulumitest.Recorder{}))
	return d, err
}

func TestNew(t *testing.T) {
	d, err := lookUp(t, "dev")
	require.NoError(t, err)
	assert.Equal(t, "gatehouse-dev", d.Name)
	assert.Equal(t, "/gatehouse/dev", d.Path)
	assert.Equal(t, "arn:aws:ssm:us-east-1:"+pulumitest.AccountID+":parameter/gatehouse/dev/x", d.ARN("ssm", "parameter"+d.Path+"/x"))
}

func TestLongStackNameIsRejected(t *testing.T) {
	_, err := lookUp(t, "a-name-that-goes-on-and-on-and-on-and-on-for-ever")
	require.ErrorContains(t, err, "but must have at most 44: choose a shorter stack name")
}

func TestStackNameMustBeValidForAllServices(t *testing.T) {
	for _, stack := range []string{"Prod", "my_dev", "eu.prod", "eu--prod", "prod-", "-prod"} {
		_, err := lookUp(t, stack)
		require.ErrorContains(t, err, `stack "`+stack+`": "gatehouse-`+stack+`" is the prefix of the names of AWS resources and must be lower-case letters and digits`)
	}
	for _, stack := range []string{"dev", "eu-prod-2", "1"} {
		_, err := lookUp(t, stack)
		require.NoError(t, err, stack)
	}
}
