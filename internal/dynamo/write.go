package dynamo

// Update is a request for UpdateItem, or that part of a transaction.
type Update struct {
	Key       Item
	Update    string // update expression
	Condition string // condition expression
	Names     map[string]string
	Values    Item

	// ReturnNew asks for the whole item after the update, and ReturnOld for that which
	// failed the condition. Transactions return no new items.
	ReturnNew bool
	ReturnOld bool

	// Once is set if the update must not be applied twice and has no condition that
	// prevents it. It is then not retried after an attempt with an unknown outcome.
	Once bool
}

// Put is the part of a transaction that creates or replaces an item.
type Put struct {
	Item      Item
	Condition string
	Names     map[string]string
	Values    Item
	ReturnOld bool
}

// Delete is the part of a transaction that deletes an item. One that is absent is no
// error, unless the condition requires it.
type Delete struct {
	Key       Item
	Condition string
	Names     map[string]string
	Values    Item
	ReturnOld bool
}

// Check is the part of a transaction that requires a condition of an item that the
// transaction doesn't change.
type Check struct {
	Key       Item
	Condition string
	Names     map[string]string
	Values    Item
	ReturnOld bool
}

// Write is one part of a transaction. One member is set.
type Write struct {
	Put    *Put
	Update *Update
	Delete *Delete
	Check  *Check
}

// MaxWrites is the largest number of writes in a transaction. No two of them may have the
// same item.
const MaxWrites = 100
