package clientstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// The key and the attributes of the item of a client's use of a model on a day.
const (
	usagePrefix = "U#"
	dayForm     = time.DateOnly

	requestsAttribute = "n"
	inputAttribute    = "i"
	outputAttribute   = "o"
	costAttribute     = "c" // nano-dollars

	// TTLAttribute is the attribute with the Unix time after which DynamoDB deletes an
	// item.
	TTLAttribute = "ttl"
)

// Row sums up a client's use of a model on a day. It is informational: no decision reads
// it. A sum may lack requests whose write failed.
type Row struct {
	Client string
	Day    time.Time // in UTC
	Model  string    // id; empty for the private route

	Requests int64
	Input    int64 // tokens
	Output   int64 // tokens
	Cost     price.Amount
}

// UsageKey returns the partition of a client's usage.
func UsageKey(name string) string { return usagePrefix + name }

// AddUsage adds to the row with the same client, day and model. The row is deleted a
// number of days after its day. The write isn't repeated when it may have been applied.
func (s Store) AddUsage(ctx context.Context, row Row, days int) error {
	day := dayOf(row.Day)
	_, err := s.Table.UpdateItem(ctx, dynamo.Update{
		Key: dynamo.Item{
			dynamo.PartitionKey: dynamo.String(UsageKey(row.Client)),
			dynamo.SortKey:      dynamo.String(day.Format(dayForm) + "#" + row.Model),
		},
		Update: "ADD #n :n, #i :i, #o :o, #c :c SET #ttl = :ttl",
		Names: map[string]string{
			"#n": requestsAttribute, "#i": inputAttribute, "#o": outputAttribute, "#c": costAttribute, "#ttl": TTLAttribute,
		},
		Values: dynamo.Item{
			":n":   dynamo.Number(row.Requests),
			":i":   dynamo.Number(row.Input),
			":o":   dynamo.Number(row.Output),
			":c":   dynamo.Number(int64(row.Cost)),
			":ttl": dynamo.Number(day.AddDate(0, 0, days+1).Unix()),
		},
		Once: true,
	})
	if err != nil {
		return fmt.Errorf("add the usage of client %s: %w", row.Client, err)
	}
	return nil
}

// Usage returns a client's rows of the days from one to another, both included, sorted by
// day and model.
func (s Store) Usage(ctx context.Context, name string, from, to time.Time) ([]Row, error) {
	if dayOf(to).Before(dayOf(from)) {
		return nil, nil
	}
	items, err := s.Table.Query(ctx, dynamo.Query{
		Partition: UsageKey(name),
		From:      dayOf(from).Format(dayForm),
		// A date alone sorts after all rows of the days before, and before those of its own
		// day, whose keys go on with a model.
		To: dayOf(to).AddDate(0, 0, 1).Format(dayForm),
	})
	if err != nil {
		return nil, fmt.Errorf("read the usage of client %s: %w", name, err)
	}
	rows := make([]Row, len(items))
	for i, item := range items {
		if rows[i], err = parseRow(item); err != nil {
			return nil, fmt.Errorf("read the usage of client %s: %w", name, err)
		}
	}
	return rows, nil
}

// dayOf returns the beginning of a time's day in UTC.
func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func parseRow(item dynamo.Item) (Row, error) {
	sortKey := item[client.SortKey].Text()
	date, model, found := strings.Cut(sortKey, "#")
	day, err := time.Parse(dayForm, date)
	if err != nil || !found {
		return Row{}, fmt.Errorf("%w: %s %q is no day with a model", errDamaged, client.SortKey, sortKey)
	}
	row := Row{Client: strings.TrimPrefix(item[client.PartitionKey].Text(), usagePrefix), Day: day, Model: model}
	for attribute, sum := range map[string]*int64{
		requestsAttribute: &row.Requests, inputAttribute: &row.Input, outputAttribute: &row.Output, costAttribute: (*int64)(&row.Cost),
	} {
		n, ok := item[attribute].Int()
		if !ok {
			return Row{}, fmt.Errorf("%w: attribute %s of row %s", errDamaged, attribute, sortKey)
		}
		*sum = n
	}
	return row, nil
}
