package costs

import "fmt"

// ClientWrites are the writes of a client's request: its reservation, its settlement, and
// the row of its usage, each of an item below 1 KB.
const ClientWrites = 3

// copyReads are the reads of a request by a copy of the function that doesn't know the
// client's key yet: the key and its client, each up to 4 KB and strongly consistent. A copy
// that responds to a thousand requests reads so for one of them.
const (
	copyReads       = 2
	requestsOfACopy = 1000
)

// clientRequests returns the costs of a million requests of clients in the table of
// clients; none without one. The table must be on demand: what a provisioned one costs
// depends on no request.
func (p Prices) clientRequests(resources []Resource) ([]Item, error) {
	var items []Item
	for _, r := range resources {
		if r.Type != "aws:dynamodb/table:Table" {
			continue
		}
		if mode := r.text("billingMode"); mode != "PAY_PER_REQUEST" {
			return nil, fmt.Errorf("the price of a table with the billing mode %q is unknown: give it one in internal/costs", mode)
		}
		writes, reads := million*ClientWrites, million*copyReads/float64(requestsOfACopy)
		items = append(items,
			Item{"Clients, writes", writes, "units", writes / 1e6 * p.of("tableWrites")},
			Item{"Clients, reads", reads, "units", reads / 1e6 * p.of("tableReads")},
		)
	}
	return items, nil
}
