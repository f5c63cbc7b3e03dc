package pulumitest

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The existing VPC of the mocked account, and another one.
const (
	ExistingVPC = "vpc-0123456789abcdef0"
	foreignVPC  = "vpc-0fedcba9876543210"
)

// The existing subnets: two fit for a load balancer, one in the zone of the first,
// one of another VPC.
const (
	ExistingSubnetA      = "subnet-0000000000000000a"
	ExistingSubnetB      = "subnet-0000000000000000b"
	ExistingSubnetAAgain = "subnet-000000000000000aa"
	ForeignSubnet        = "subnet-0000000000000000f"
)

// availabilityZones returns the zones of the mocked region, eu-west-1; in the last of
// them, API Gateway creates no VPC links.
func availabilityZones() resource.PropertyMap {
	return resource.PropertyMap{
		"names":   stringArray("eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d"),
		"zoneIds": stringArray("euw1-az2", "euw1-az3", "euw1-az1", "use1-az3"),
	}
}

// OneZoneService has endpoints in the mocked region's first zone alone; all others
// are everywhere in it.
const OneZoneService = "sagemaker.runtime"

func endpointService(name string) resource.PropertyMap {
	zones := availabilityZones()["names"]
	if name == OneZoneService {
		zones = stringArray("eu-west-1a")
	}
	return resource.PropertyMap{"serviceName": resource.NewProperty("com.amazonaws.eu-west-1." + name), "availabilityZones": zones}
}

func existingVPC(id string) resource.PropertyMap {
	association := func(cidr, state string) resource.PropertyValue {
		return resource.NewProperty(resource.PropertyMap{
			"associationId": resource.NewProperty("vpc-cidr-assoc-1"), "cidrBlock": resource.NewProperty(cidr), "state": resource.NewProperty(state),
		})
	}
	return resource.PropertyMap{
		"id": resource.NewProperty(id), "cidrBlock": resource.NewProperty("10.20.0.0/16"),
		"cidrBlockAssociations": resource.NewProperty([]resource.PropertyValue{
			association("10.20.0.0/16", "associated"),
			association("100.64.0.0/16", "associated"),
			association("10.30.0.0/16", "disassociated"),
		}),
	}
}

func existingSubnet(id string) (resource.PropertyMap, error) {
	subnet := func(vpc, zone string) (resource.PropertyMap, error) {
		zoneIDs := map[string]string{"eu-west-1a": "euw1-az2", "eu-west-1b": "euw1-az3", "eu-west-1c": "euw1-az1"}
		return resource.PropertyMap{
			"id": resource.NewProperty(id), "vpcId": resource.NewProperty(vpc),
			"availabilityZone": resource.NewProperty(zone), "availabilityZoneId": resource.NewProperty(zoneIDs[zone]),
			"cidrBlock": resource.NewProperty("10.20.0.0/24"), "availableIpAddressCount": resource.NewProperty(200.0),
		}, nil
	}
	switch id {
	case ExistingSubnetA, ExistingSubnetAAgain:
		return subnet(ExistingVPC, "eu-west-1a")
	case ExistingSubnetB:
		return subnet(ExistingVPC, "eu-west-1b")
	case ForeignSubnet:
		return subnet(foreignVPC, "eu-west-1c")
	default:
		return nil, fmt.Errorf("the mocked AWS account has no subnet %s", id)
	}
}

// stringArray returns a property of strings.
func stringArray(all ...string) resource.PropertyValue {
	values := make([]resource.PropertyValue, len(all))
	for i, s := range all {
		values[i] = resource.NewProperty(s)
	}
	return resource.NewProperty(values)
}
