package clientadmin

import (
	"fmt"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// The item with the sum of all budgets.
const (
	sumKey           = "S"
	sumAttribute     = "sum"  // nano-dollars a month
	ceilingAttribute = "ceil" // nano-dollars a month; 0 for none
)

// Sum has the sum of all clients' budgets in dollars a month. Each write that changes a
// budget requires the sum that it was decided by, so that two operators at the same time
// don't exceed the ceiling together.
type Sum struct {
	Exists bool         // the item of the sum
	Stored price.Amount // in that item

	// Total is the sum of the clients' budgets as they were read after the item. It is
	// the one in the item, unless a client was changed or deleted in another way.
	Total price.Amount

	Ceiling price.Amount // zero for none
}

func sumItemKey() dynamo.Item {
	return dynamo.Item{dynamo.PartitionKey: dynamo.String(sumKey), dynamo.SortKey: dynamo.String(sumKey)}
}

// parseSum reads the item of the sum, which may be nil.
func parseSum(item dynamo.Item) (Sum, error) {
	if item == nil {
		return Sum{}, nil
	}
	stored, ok := item[sumAttribute].Int()
	ceiling, ok2 := item[ceilingAttribute].Int()
	if !ok || !ok2 {
		return Sum{}, fmt.Errorf("the table's item %s, with the sum of budgets, is damaged: want numbers as %s and %s",
			sumKey, sumAttribute, ceilingAttribute)
	}
	return Sum{Exists: true, Stored: price.Amount(stored), Ceiling: price.Amount(ceiling)}, nil
}

// monthly returns the part of a budget in the sum.
func monthly(b client.Budget) price.Amount {
	amount, _ := b.Monthly()
	return amount
}

// write returns the write that replaces one budget by another in the sum, or nil if the
// sum stays. A problem is added if the sum would exceed the ceiling.
func (s Sum) write(p *problems, before, after client.Budget) *dynamo.Write {
	delta := monthly(after) - monthly(before)
	if delta == 0 {
		return nil
	}
	if left := s.Ceiling - s.Total; s.Ceiling > 0 && delta > 0 && delta > left {
		p.add("-%s %s brings the sum of all budgets to %s dollars a month; gatehouse:clientBudgetCeiling allows %s: %s",
			BudgetFlag, after, s.Total+delta, s.Ceiling, roomLeft(left+monthly(before), after.Period))
	}
	update := &dynamo.Update{
		Key:       sumItemKey(),
		Update:    "SET #sum = :sum, #ceil = :ceil",
		Condition: "attribute_not_exists(#sum)",
		Names:     map[string]string{"#sum": sumAttribute, "#ceil": ceilingAttribute},
		Values:    dynamo.Item{":sum": dynamo.Number(int64(s.Total + delta)), ":ceil": dynamo.Number(int64(s.Ceiling))},
	}
	if s.Exists {
		update.Condition = "#sum = :seen"
		update.Values[":seen"] = dynamo.Number(int64(s.Stored))
	}
	return &dynamo.Write{Update: update}
}

// roomLeft says which budgets fit.
func roomLeft(amount price.Amount, period client.Period) string {
	if period == client.Day {
		amount /= daysOfMonth
	}
	if amount <= 0 {
		return "there is no room for a budget in dollars; lower another client's, or raise the ceiling"
	}
	budget := client.Budget{Limit: int64(amount), Unit: client.Dollars, Period: period}
	return fmt.Sprintf("want %s or less, lower another client's, or raise the ceiling", budget)
}

// daysOfMonth is the number of days by which [client.Budget.Monthly] counts.
const daysOfMonth = 31
