package main

import (
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// backend mocks a backend that has one stack with these outputs.
type backend struct {
	mu        sync.Mutex
	requested []string
	outputs   resource.PropertyMap
}

func (b *backend) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requested = append(b.requested, args.TypeToken+" "+args.Name)
	return args.Name, resource.PropertyMap{
		"name": resource.NewProperty(args.Name), "outputs": resource.NewProperty(b.outputs),
		"secretOutputNames": resource.NewProperty([]resource.PropertyValue{}),
	}, nil
}

func (b *backend) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

func TestExampleReadsStack(t *testing.T) {
	b := &backend{outputs: resource.PropertyMap{"distributionUrl": resource.NewProperty("https://d111111abcdef8.cloudfront.net")}}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		return use(ctx, "organization/gatehouse/dev")
	}, pulumi.WithMocks("client", "test", b)))
	assert.Equal(t, []string{"pulumi:pulumi:StackReference organization/gatehouse/dev"}, b.requested)
}
