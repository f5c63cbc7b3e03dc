package dynamo

import "context"

type pageOutput struct {
	Items            []Item
	LastEvaluatedKey Item
}

// Query returns the selected items, sorted by their sort keys. It reads all pages, and
// sees every write that was applied before.
func (c *Client) Query(ctx context.Context, q Query) ([]Item, error) {
	condition, names, values := q.expression()
	return c.pages(ctx, "Query", pageInput{
		TableName: c.table, ConsistentRead: true,
		KeyConditionExpression: condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	})
}

// Scan returns the items whose partition key begins with a prefix, in no order. It reads
// the whole table.
func (c *Client) Scan(ctx context.Context, prefix string) ([]Item, error) {
	input := pageInput{TableName: c.table, ConsistentRead: true}
	if prefix != "" {
		input.FilterExpression = "begins_with(#pk, :prefix)"
		input.ExpressionAttributeNames = map[string]string{"#pk": PartitionKey}
		input.ExpressionAttributeValues = Item{":prefix": String(prefix)}
	}
	return c.pages(ctx, "Scan", input)
}

func (c *Client) pages(ctx context.Context, operation string, input pageInput) ([]Item, error) {
	items := []Item{}
	for {
		out, err := call[pageOutput](ctx, c, operation, input, isTransient)
		if err != nil {
			return nil, err
		}
		items = append(items, out.Items...)
		if len(out.LastEvaluatedKey) == 0 {
			return items, nil
		}
		input.ExclusiveStartKey = out.LastEvaluatedKey
	}
}
