package clients

import (
	"encoding/json"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/client"
)

// unlimited is the policy of the client anonymous until an operator sets another one: it
// has no budget, and the highest limits that a client can have.
var unlimited = client.Policy{
	Revision:  1,
	Enabled:   true,
	Inference: true,
	PerMinute: client.MaxPerMinute,
	AtOnce:    client.MaxAtOnce,
}

// newAnonymous declares the item of the client that requests without a key belong to. The
// item is only created here: operators set its limits afterwards, and each request counts
// in it. Without the resource, the item is deleted, so that anonymous is no client any
// more. It is never protected, because that deletion is the last step of a migration.
func (c *Clients) newAnonymous(ctx *pulumi.Context, name string, table *dynamodb.Table) error {
	item, err := json.Marshal(client.NewItem(client.Anonymous, unlimited))
	if err != nil {
		return err
	}
	_, err = dynamodb.NewTableItem(ctx, name+"-anonymous", &dynamodb.TableItemArgs{
		TableName: table.Name,
		HashKey:   table.HashKey,
		RangeKey:  table.RangeKey,
		Item:      pulumi.String(item),
	}, pulumi.Parent(c), pulumi.IgnoreChanges([]string{"item"}), pulumi.Protect(false))
	return err
}
