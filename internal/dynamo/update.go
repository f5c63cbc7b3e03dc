package dynamo

// Update is a request for UpdateItem, or that part of a transaction.
type Update struct {
	Key       Item
	Update    string // update expression
	Condition string // condition expression
	Names     map[string]string
	Values    Item

	// ReturnNew asks for the whole item after the update, and ReturnOld for that which
	// failed the condition.
	ReturnNew bool
	ReturnOld bool
}
