package network

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCheckSubnets(t *testing.T) {
	const vpc = "vpc-0123456789abcdef0"
	fit := func(id, zone, zoneID string) subnet {
		return subnet{id: id, vpc: vpc, zone: zone, zoneID: zoneID, cidr: "10.0.0.0/27", free: 27}
	}
	a, b := fit("subnet-a", "us-east-1a", "use1-az1"), fit("subnet-b", "us-east-1b", "use1-az2")
	unfit := fit("subnet-c", "us-east-1c", "use1-az3")
	small, ipv6 := fit("subnet-d", "us-east-1d", "use1-az4"), fit("subnet-e", "us-east-1e", "use1-az5")
	small.cidr, ipv6.cidr = "10.0.1.0/28", ""
	foreign := fit("subnet-f", "us-east-1f", "use1-az6")
	foreign.vpc = "vpc-1"
	full := fit("subnet-g", "us-east-1d", "use1-az4")
	full.free = 0

	for title, c := range map[string]struct {
		subnets []subnet
		wants   []string
	}{
		"fit":              {[]subnet{a, b}, nil},
		"nearly full":      {[]subnet{a, full}, nil},
		"without links":    {[]subnet{a, unfit}, []string{"names subnet-c in us-east-1c (use1-az3), where API Gateway makes no VPC links"}},
		"too small":        {[]subnet{a, small}, []string{`names subnet-d with the addresses "10.0.1.0/28"; allowed: subnets with IPv4 addresses, /27 or larger`}},
		"without IPv4":     {[]subnet{a, ipv6}, []string{`names subnet-e with the addresses ""`}},
		"of another VPC":   {[]subnet{a, foreign}, []string{"names subnet-f, which belongs to vpc-1; allowed: subnets of gatehouse:networkVpcId, " + vpc}},
		"in one zone":      {[]subnet{a, a}, []string{"names 2 subnets in 1 zone(s)"}},
		"one":              {[]subnet{a}, []string{"names 1 subnets in 1 zone(s)"}},
		"several problems": {[]subnet{small, unfit, foreign}, []string{"subnet-d", "subnet-c", "subnet-f"}},
	} {
		t.Run(title, func(t *testing.T) {
			err := checkSubnets(vpc, c.subnets)
			if c.wants == nil {
				assert.NoError(t, err)
			}
			for _, want := range c.wants {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}
