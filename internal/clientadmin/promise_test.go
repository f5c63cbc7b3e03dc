package clientadmin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// After a change has returned, no request is admitted by the policy before it, which
// functions remember.
func TestNoRequestIsAdmittedByAnOldPolicy(t *testing.T) {
	ctx := t.Context()
	id := keyOf(1).Digest().ID()
	set := func(c clientadmin.Change) func(clientadmin.Admin) error {
		return func(a clientadmin.Admin) error { _, err := a.Set(ctx, "acme", c); return err }
	}
	recreate := func(a clientadmin.Admin) error {
		if _, err := a.Delete(ctx, "acme", true); err != nil {
			return err
		}
		// It has changed as often as the one before since it was created.
		a.Now = func() time.Time { return now.Add(time.Millisecond) }
		create(t, a, "acme", "100usd/month")
		_, err := a.AddKey(ctx, "acme", keyOf(2).Digest(), time.Time{})
		return err
	}
	for name, change := range map[string]func(clientadmin.Admin) error{
		"suspend":        func(a clientadmin.Admin) error { _, err := a.Suspend(ctx, "acme"); return err },
		"revoke":         func(a clientadmin.Admin) error { _, _, err := a.Revoke(ctx, "acme", []string{id}); return err },
		"delete":         func(a clientadmin.Admin) error { _, err := a.Delete(ctx, "acme", true); return err },
		"recreate":       recreate,
		"lower budget":   set(clientadmin.Change{Budget: parsed(t, "1usd/month")}),
		"fewer models":   set(clientadmin.Change{Models: &[]string{"model-b"}}),
		"fewer at once":  set(clientadmin.Change{AtOnce: new(1)}),
		"fewer a minute": set(clientadmin.Change{PerMinute: new(1)}),
		"an end":         set(clientadmin.Change{Expires: new(now.Add(time.Second))}),
	} {
		t.Run(name, func(t *testing.T) {
			table := dynamotest.New()
			a, store := admin(table), clientstore.Store{Table: table}
			create(t, a, "acme", "50usd/month")
			_, err := a.AddKey(ctx, "acme", keyOf(1).Digest(), time.Time{})
			require.NoError(t, err)
			remembered, _, err := store.Client(ctx, "acme")
			require.NoError(t, err)
			ask := func(nonce string) budget.Reservation {
				r, refusal := budget.Decide(remembered, budget.Ask{
					Now: now, HoldID: client.HoldID(now.Add(time.Minute), nonce), Key: id, Model: "model-a", Most: budget.Use{Cost: 2 * price.Dollar},
				})
				require.Nil(t, refusal)
				return r
			}
			reply, err := store.Reserve(ctx, ask("before"))
			require.NoError(t, err)
			assert.True(t, reply.Applied)
			require.NoError(t, change(a))
			reply, err = store.Reserve(ctx, ask("after"))
			require.NoError(t, err)
			assert.False(t, reply.Applied)
		})
	}
}
