package network_test

import (
	"net/netip"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// deployed is an account that has the VPC already, with addresses of its own: what the
// engine makes of an ignored change.
type deployed struct {
	*pulumitest.Recorder
	cidr string
}

func (d deployed) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	id, state, err := d.Recorder.NewResource(args)
	if args.TypeToken == "aws:ec2/vpc:Vpc" {
		state["cidrBlock"] = resource.NewProperty(d.cidr)
	}
	return id, state, err
}

func TestTheAddressesStay(t *testing.T) {
	s := own(t, func(s *config.Network) { s.CIDR = netip.MustParsePrefix("10.1.0.0/16") })
	run := func(cidr string) (*pulumitest.Recorder, error) {
		d := deployed{&pulumitest.Recorder{}, cidr}
		return d.Recorder, pulumi.RunErr(program(t, s), pulumi.WithMocks(pulumitest.Project, pulumitest.Stack, d))
	}
	_, err := run("10.1.0.0/16")
	assert.NoError(t, err)

	r, err := run("10.0.0.0/16")
	assert.ErrorContains(t, err, "gatehouse:networkCidr is 10.1.0.0/16; allowed: 10.0.0.0/16")
	for _, made := range r.All() {
		assert.Contains(t, []string{"gatehouse:network:Network", "aws:ec2/vpc:Vpc"}, made.Type, "nothing in the VPC is declared")
	}
	assert.Equal(t, []string{"cidrBlock"}, r.Only(t, "aws:ec2/vpc:Vpc").Request.GetIgnoreChanges())
}
