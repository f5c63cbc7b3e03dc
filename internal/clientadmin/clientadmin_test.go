package clientadmin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// keyOf returns the key whose random bytes are all n.
func keyOf(n byte) credential.Key {
	var random [credential.RandomSize]byte
	for i := range random {
		random[i] = n
	}
	return credential.New(random)
}

func parsed(t *testing.T, text string) *client.Budget {
	t.Helper()
	b, err := client.ParseBudget(text)
	require.NoError(t, err)
	return &b
}

// acme is a client with a budget of 50 dollars a month, two keys, and some use.
func acme(t *testing.T) client.Record {
	t.Helper()
	return client.Record{
		Name: "acme",
		Policy: client.Policy{
			Revision: 7, Enabled: true, Keys: []string{keyOf(1).Digest().ID(), keyOf(2).Digest().ID()},
			Models: []string{"model-a", "model-b"}, Inference: true, Budget: *parsed(t, "50usd/month"), PerMinute: 120, AtOnce: 10,
		},
		Used:    map[string]int64{"u$m2026-11": 20 * int64(price.Dollar)},
		Minutes: map[string]int64{client.Minute(now.Add(-time.Minute)): 30},
		Holds:   map[string]int64{client.HoldID(now.Add(time.Minute), "a"): 1000, client.HoldID(now.Add(time.Minute), "b"): 1000, client.HoldID(now.Add(-time.Hour), "c"): 1000},
	}
}

func seen(t *testing.T) clientadmin.Seen {
	t.Helper()
	r := acme(t)
	return clientadmin.Seen{Name: r.Name, Record: &r, Sum: clientadmin.Sum{Exists: true, Stored: 80 * price.Dollar, Total: 80 * price.Dollar, Ceiling: 100 * price.Dollar}}
}

// admin returns an operator who confirms everything.
func admin(table clientadmin.Table) clientadmin.Admin {
	return clientadmin.Admin{
		Table:   table,
		Now:     func() time.Time { return now },
		Confirm: func(clientadmin.Plan) error { return nil },
	}
}

func create(t *testing.T, a clientadmin.Admin, name, text string) {
	t.Helper()
	_, err := a.Create(t.Context(), name, clientadmin.Change{Budget: parsed(t, text)})
	require.NoError(t, err)
}
