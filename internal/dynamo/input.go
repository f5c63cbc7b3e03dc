package dynamo

// input is the request of an operation.
type input interface {
	// items returns the items in it, whose values belong in no error.
	items() []Item
}

type tableInput struct{ TableName string }

type getInput struct {
	TableName      string
	Key            Item
	ConsistentRead bool
}

type pageInput struct {
	TableName                 string
	ConsistentRead            bool
	KeyConditionExpression    string            `json:",omitempty"`
	FilterExpression          string            `json:",omitempty"`
	ExpressionAttributeNames  map[string]string `json:",omitempty"`
	ExpressionAttributeValues Item              `json:",omitempty"`
	ExclusiveStartKey         Item              `json:",omitempty"`
}

// writeInput is the request for a write, of any kind. Members that a kind doesn't have
// are empty.
type writeInput struct {
	TableName                           string
	Key                                 Item              `json:",omitempty"`
	Item                                Item              `json:",omitempty"`
	UpdateExpression                    string            `json:",omitempty"`
	ConditionExpression                 string            `json:",omitempty"`
	ExpressionAttributeNames            map[string]string `json:",omitempty"`
	ExpressionAttributeValues           Item              `json:",omitempty"`
	ReturnValues                        string            `json:",omitempty"`
	ReturnValuesOnConditionCheckFailure string            `json:",omitempty"`
}

type transactInput struct {
	TransactItems      []transactItem
	ClientRequestToken string
}

type transactItem struct {
	Put            *writeInput `json:",omitempty"`
	Update         *writeInput `json:",omitempty"`
	Delete         *writeInput `json:",omitempty"`
	ConditionCheck *writeInput `json:",omitempty"`
}

func (tableInput) items() []Item { return nil }

func (in getInput) items() []Item { return []Item{in.Key} }

func (in pageInput) items() []Item { return []Item{in.ExpressionAttributeValues, in.ExclusiveStartKey} }

func (in writeInput) items() []Item { return []Item{in.Key, in.Item, in.ExpressionAttributeValues} }

func (in transactInput) items() (all []Item) {
	for _, item := range in.TransactItems {
		for _, write := range []*writeInput{item.Put, item.Update, item.Delete, item.ConditionCheck} {
			if write != nil {
				all = append(all, write.items()...)
			}
		}
	}
	return all
}

func (c *Client) updateInput(u Update) writeInput {
	input := writeInput{
		TableName: c.table, Key: u.Key, UpdateExpression: u.Update, ConditionExpression: u.Condition,
		ExpressionAttributeNames: u.Names, ExpressionAttributeValues: u.Values, ReturnValuesOnConditionCheckFailure: old(u.ReturnOld),
	}
	if u.ReturnNew {
		input.ReturnValues = "ALL_NEW"
	}
	return input
}

func (c *Client) writeInput(w Write) (item transactItem) {
	if p := w.Put; p != nil {
		item.Put = c.conditional(nil, p.Item, p.Condition, p.Names, p.Values, p.ReturnOld)
	}
	if u := w.Update; u != nil {
		input := c.updateInput(*u)
		input.ReturnValues = ""
		item.Update = &input
	}
	if d := w.Delete; d != nil {
		item.Delete = c.conditional(d.Key, nil, d.Condition, d.Names, d.Values, d.ReturnOld)
	}
	if k := w.Check; k != nil {
		item.ConditionCheck = c.conditional(k.Key, nil, k.Condition, k.Names, k.Values, k.ReturnOld)
	}
	return item
}

func (c *Client) conditional(key, item Item, condition string, names map[string]string, values Item, returnOld bool) *writeInput {
	return &writeInput{
		TableName: c.table, Key: key, Item: item, ConditionExpression: condition,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old(returnOld),
	}
}

// old returns the value of ReturnValuesOnConditionCheckFailure.
func old(wanted bool) string {
	if wanted {
		return "ALL_OLD"
	}
	return ""
}
