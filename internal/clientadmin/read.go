package clientadmin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// The prefix of the partition keys of clients.
const clientPrefix = "C#"

// Clients returns all clients by name.
func (a Admin) Clients(ctx context.Context) ([]client.Record, error) {
	items, err := a.Table.Scan(ctx, clientPrefix)
	if err != nil {
		return nil, fmt.Errorf("read all clients: %w", err)
	}
	records := make([]client.Record, 0, len(items))
	var problems []error
	for _, item := range items {
		r, err := client.ParseItem(item)
		records, problems = append(records, r), append(problems, err)
	}
	slices.SortFunc(records, func(a, b client.Record) int { return strings.Compare(a.Name, b.Name) })
	return records, errors.Join(problems...)
}

// Client returns a client with its credentials.
func (a Admin) Client(ctx context.Context, name string) (client.Record, []Credential, error) {
	seen, err := a.see(ctx, name, false)
	if err != nil {
		return client.Record{}, nil, err
	}
	p := &problems{client: name}
	if !seen.exists(p) {
		return client.Record{}, nil, p.err()
	}
	all, err := a.Credentials(ctx)
	return *seen.Record, Valid(*seen.Record, all), err
}

// Credentials returns the items of all credentials, by client and age.
func (a Admin) Credentials(ctx context.Context) ([]Credential, error) {
	var all []Credential
	for _, prefix := range []string{keyPrefix, subjectPrefix} {
		items, err := a.Table.Scan(ctx, prefix)
		if err != nil {
			return nil, fmt.Errorf("read the credentials of clients: %w", err)
		}
		for _, item := range items {
			all = append(all, parseCredential(item))
		}
	}
	slices.SortFunc(all, func(a, b Credential) int {
		return cmp.Or(strings.Compare(a.Client, b.Client), a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return all, nil
}

// Valid returns those of the credentials that the client has.
func Valid(r client.Record, all []Credential) []Credential {
	var own []Credential
	for _, c := range all {
		if c.Client == r.Name && r.Has(c.ID) {
			own = append(own, c)
		}
	}
	return own
}

// Bill is the largest sum that the budgets of all clients allow in a month.
type Bill struct {
	Sum       price.Amount // of the budgets in dollars
	Unlimited []string     // names of the clients without such a budget
	Ceiling   price.Amount // zero for none
}

// LargestBill returns the largest bill that a month can bring for the clients' requests.
func LargestBill(records []client.Record, ceiling price.Amount) Bill {
	bill := Bill{Ceiling: ceiling}
	for _, r := range records {
		amount, limited := r.Budget.Monthly()
		bill.Sum += amount
		if !limited {
			bill.Unlimited = append(bill.Unlimited, r.Name)
		}
	}
	return bill
}

// LargestBill returns the largest bill of these clients, with the ceiling in force.
func (a Admin) LargestBill(ctx context.Context, records []client.Record) (Bill, error) {
	ceiling := price.Amount(0)
	if a.Ceiling != nil {
		ceiling = *a.Ceiling
		return LargestBill(records, ceiling), nil
	}
	item, err := a.Table.GetItem(ctx, sumItemKey())
	if err != nil {
		return Bill{}, fmt.Errorf("read the ceiling of budgets: %w", err)
	}
	sum, err := parseSum(item)
	return LargestBill(records, sum.Ceiling), err
}

func listed(ids []string) string {
	if len(ids) == 0 {
		return "it has none"
	}
	return strings.Join(ids, ", ")
}
