// Package clients declares the table of clients: who they are, what they may ask, and what
// they have used. It also has the permissions of the functions that read and write it.
package clients

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// The attributes of the table's key, and the one with the time in seconds after which
// DynamoDB deletes an item: rows of usage have it, clients and their keys don't.
const (
	hashKey      = "pk"
	rangeKey     = "sk"
	ttlAttribute = "ttl"
)

// Args configures [Clients].
type Args struct {
	Deployment deployment.Deployment
	Settings   config.Clients
	Notifier   *alerting.Notifier // of the alarm about issuers; needed with issuers only
}

// Clients is the table of clients, and with issuers of tokens the function that reads
// their keys.
type Clients struct {
	pulumi.ResourceState

	// Alarms are the ends of their names: "issuers-errors". There are none without issuers.
	Alarms []string

	// Access has what a function needs to use the table.
	Access *Access
}

// New declares the table, with migrating access the client anonymous, and with issuers
// what reads their keys. The table is
// billed by request, so that it costs nothing at rest. It is encrypted as every table is,
// with a key that DynamoDB owns: it has no secrets, only digests of the clients' keys. With
// point-in-time recovery, an operator's mistake can be undone for 35 days.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Clients, error) {
	c := &Clients{}
	if err := ctx.RegisterComponentResource("gatehouse:clients:Clients", name, c, opts...); err != nil {
		return nil, err
	}
	d := args.Deployment
	table, err := dynamodb.NewTable(ctx, name+"-table", &dynamodb.TableArgs{
		Name:        pulumi.String(d.Name + "-clients"),
		BillingMode: pulumi.String("PAY_PER_REQUEST"),
		HashKey:     pulumi.String(hashKey),
		RangeKey:    pulumi.String(rangeKey),
		Attributes: dynamodb.TableAttributeArray{
			dynamodb.TableAttributeArgs{Name: pulumi.String(hashKey), Type: pulumi.String("S")},
			dynamodb.TableAttributeArgs{Name: pulumi.String(rangeKey), Type: pulumi.String("S")},
		},
		Ttl:                       dynamodb.TableTtlArgs{AttributeName: pulumi.String(ttlAttribute), Enabled: pulumi.Bool(true)},
		PointInTimeRecovery:       dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(true)},
		DeletionProtectionEnabled: pulumi.Bool(d.Safeguards.Protect),
	}, pulumi.Parent(c), d.HoldsData())
	if err != nil {
		return nil, err
	}
	if args.Settings.Access == lambdaenv.ClientAccessMigrating {
		if err := c.newAnonymous(ctx, name, table); err != nil {
			return nil, err
		}
	}
	c.Access = &Access{Settings: args.Settings, TableName: table.Name, TableARN: table.Arn}
	if len(args.Settings.Issuers) > 0 {
		if err := c.newIssuers(ctx, name+"-issuers", args); err != nil {
			return nil, err
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"tableName": table.Name})
}
