package diagnosis

import (
	"fmt"
	"slices"
	"strings"
)

// RouteTable holds where a route table of a VPC leads.
type RouteTable struct {
	Main         bool     // of the VPC: for subnets without a table of their own
	Subnets      []string // IDs of those that it is for
	Destinations []string // of its active routes: address ranges, and IDs of prefix lists
}

// anywhere is the destination of a route to the internet, by a NAT gateway for example.
const anywhere = "0.0.0.0/0"

// RoutesToDynamoDB returns a finding if functions in the subnets can't reach DynamoDB: by
// the VPC's gateway endpoint, whose routes have the prefix list with DynamoDB's addresses
// as destination, or else by the internet.
func RoutesToDynamoDB(tables []RouteTable, subnets []string, prefixList string) []Finding {
	var without []string
	for _, subnet := range subnets {
		destinations := destinationsOf(tables, subnet)
		if !slices.Contains(destinations, prefixList) && !slices.Contains(destinations, anywhere) {
			without = append(without, subnet)
		}
	}
	if len(without) == 0 {
		return nil
	}
	return []Finding{noRouteToDynamoDB(without)}
}

// destinationsOf returns the destinations of a subnet's route table: its own, or else the
// VPC's main one.
func destinationsOf(tables []RouteTable, subnet string) []string {
	var main []string
	for _, table := range tables {
		if slices.Contains(table.Subnets, subnet) {
			return table.Destinations
		}
		if table.Main {
			main = table.Destinations
		}
	}
	return main
}

func noRouteToDynamoDB(subnets []string) Finding {
	return Finding{
		Section: "clients-unreachable",
		Wrong: fmt.Sprintf("The model's function can't reach DynamoDB, which has the clients: "+
			"no route leads there from %s of networkPrivateSubnetIds.", strings.Join(subnets, ", ")),
		Next: []string{
			"Create a gateway endpoint in the VPC, which costs nothing: `aws ec2 create-vpc-endpoint --vpc-id VPC " +
				"--service-name com.amazonaws.REGION.dynamodb --route-table-ids TABLES`, with the route tables of these subnets.",
			"If there is one, `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ID --add-route-table-ids TABLES`.",
		},
	}
}
