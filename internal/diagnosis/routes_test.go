package diagnosis

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFunctionReachesDynamoDB(t *testing.T) {
	const local, list = "10.0.0.0/16", "pl-dynamodb"
	main := RouteTable{Main: true, Destinations: []string{local}}
	endpoint := RouteTable{Subnets: []string{"subnet-a", "subnet-b"}, Destinations: []string{local, list}}
	nat := RouteTable{Subnets: []string{"subnet-b"}, Destinations: []string{local, "0.0.0.0/0"}}
	for name, c := range map[string]struct {
		tables  []RouteTable
		without string // empty if each subnet has a route
	}{
		"an endpoint":                        {[]RouteTable{main, endpoint}, ""},
		"an endpoint for the main table":     {[]RouteTable{{Main: true, Destinations: []string{list}}}, ""},
		"no endpoint":                        {[]RouteTable{main}, "subnet-a, subnet-b"},
		"no endpoint, and a NAT gateway":     {[]RouteTable{nat, main}, "subnet-a"},
		"an endpoint of one subnet":          {[]RouteTable{main, {Subnets: []string{"subnet-a"}, Destinations: []string{list}}}, "subnet-b"},
		"an endpoint of another service":     {[]RouteTable{{Main: true, Destinations: []string{local, "pl-s3"}}}, "subnet-a, subnet-b"},
		"own tables hide that of the VPC":    {[]RouteTable{{Subnets: []string{"subnet-a"}}, {Main: true, Destinations: []string{list}}}, "subnet-a"},
		"no table":                           {nil, "subnet-a, subnet-b"},
		"a NAT gateway and an endpoint both": {[]RouteTable{endpoint, nat}, ""},
	} {
		findings := RoutesToDynamoDB(c.tables, []string{"subnet-a", "subnet-b"}, list)
		if c.without == "" {
			assert.Empty(t, findings, name)
			continue
		}
		require.Len(t, findings, 1, name)
		assert.Contains(t, findings[0].Wrong, "from "+c.without+" of networkPrivateSubnetIds", name)
		assert.Equal(t, "clients-unreachable", findings[0].Section)
	}
}
