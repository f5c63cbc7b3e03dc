package clientadmin_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

var update = flag.Bool("update", false, "write the golden transactions")

var subject = clientadmin.Subject{Issuer: "corp", Claim: "azp", Value: "billing"}

// plans are the transactions of every change.
func plans(t *testing.T) map[string]func() (clientadmin.Plan, error) {
	t.Helper()
	unseen := clientadmin.Seen{Name: "new", Sum: seen(t).Sum}
	mapped := seen(t)
	mapped.Record.Keys = append(mapped.Record.Keys, subject.ID())
	first := unseen
	first.Sum = clientadmin.Sum{}
	set := func(c clientadmin.Change) func() (clientadmin.Plan, error) {
		return func() (clientadmin.Plan, error) { return clientadmin.Set(seen(t), c, now) }
	}
	return map[string]func() (clientadmin.Plan, error){
		"create with defaults": func() (clientadmin.Plan, error) { return clientadmin.Create(unseen, clientadmin.Change{}, now) },
		"create with everything": func() (clientadmin.Plan, error) {
			return clientadmin.Create(unseen, clientadmin.Change{
				Budget: parsed(t, "20usd/month"), PerMinute: new(1), AtOnce: new(2), Models: &[]string{"model-a"}, Inference: new(true), Expires: new(now.Add(time.Hour)),
			}, now)
		},
		"create with the first budget": func() (clientadmin.Plan, error) {
			return clientadmin.Create(first, clientadmin.Change{Budget: parsed(t, "1usd/day")}, now)
		},
		"set a budget":           set(clientadmin.Change{Budget: parsed(t, "70usd/month")}),
		"set no budget":          set(clientadmin.Change{Budget: &client.Budget{}}),
		"set a budget of tokens": set(clientadmin.Change{Budget: parsed(t, "1000tokens/day")}),
		"set all models":         set(clientadmin.Change{Models: new([]string)}),
		"set several":            set(clientadmin.Change{PerMinute: new(60), AtOnce: new(40), Expires: new(now.Add(time.Hour)), Inference: new(false)}),
		"suspend":                func() (clientadmin.Plan, error) { return clientadmin.Suspend(seen(t)) },
		"resume": func() (clientadmin.Plan, error) {
			s := seen(t)
			s.Record.Enabled = false
			return clientadmin.Resume(s)
		},
		"add a key": func() (clientadmin.Plan, error) {
			return clientadmin.AddKey(seen(t), keyOf(3).Digest(), now.Add(90*24*time.Hour), now)
		},
		"revoke a key": func() (clientadmin.Plan, error) {
			plan, _, err := clientadmin.Revoke(seen(t), []string{keyOf(1).Digest().ID()})
			return plan, err
		},
		"revoke all keys": func() (clientadmin.Plan, error) {
			plan, _, err := clientadmin.Revoke(seen(t), nil)
			return plan, err
		},
		"map":    func() (clientadmin.Plan, error) { return clientadmin.Map(seen(t), subject, "") },
		"unmap":  func() (clientadmin.Plan, error) { return clientadmin.Unmap(mapped, subject) },
		"delete": func() (clientadmin.Plan, error) { return clientadmin.Delete(seen(t), true) },
	}
}

func TestTransactions(t *testing.T) {
	all := plans(t)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		plan, err := all[name]()
		require.NoError(t, err, name)
		fmt.Fprintf(&b, "== %s\n", name)
		for _, effect := range plan.Effects {
			fmt.Fprintf(&b, "effect: %s\n", effect)
		}
		for _, write := range plan.Writes {
			b.WriteString(render(t, write))
		}
	}
	const golden = "testdata/transactions.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

func render(t *testing.T, w dynamo.Write) string {
	t.Helper()
	switch {
	case w.Put != nil:
		return fmt.Sprintf("put %s\n  if %s %s\n", encoded(t, w.Put.Item), w.Put.Condition, encoded(t, w.Put.Names)+encoded(t, w.Put.Values))
	case w.Update != nil:
		return fmt.Sprintf("update %s\n  %s\n  if %s\n  %s\n  %s\n", encoded(t, w.Update.Key), w.Update.Update, w.Update.Condition, encoded(t, w.Update.Names), encoded(t, w.Update.Values))
	}
	require.NotNil(t, w.Delete)
	return fmt.Sprintf("delete %s\n  if %s %s\n", encoded(t, w.Delete.Key), w.Delete.Condition, encoded(t, w.Delete.Names)+encoded(t, w.Delete.Values))
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// Every change but the first write of a client requires the revision that was seen, and
// raises it.
func TestEveryChangeRequiresTheRevisionSeen(t *testing.T) {
	for name, make := range plans(t) {
		plan, err := make()
		require.NoError(t, err, name)
		switch first := plan.Writes[0]; {
		case first.Put != nil:
			assert.Equal(t, "attribute_not_exists(#pk)", first.Put.Condition, name)
			assert.Equal(t, now.UnixMicro(), plan.After.Revision, name)
		case first.Delete != nil:
			assert.Equal(t, "#rev = :rev", first.Delete.Condition, name)
			assert.Equal(t, dynamo.Number(7), first.Delete.Values[":rev"], name)
		default:
			assert.Equal(t, "#rev = :seen", first.Update.Condition, name)
			assert.Equal(t, dynamo.Number(7), first.Update.Values[":seen"], name)
			assert.Equal(t, dynamo.Number(8), first.Update.Values[":rev"], name)
			assert.Equal(t, int64(8), plan.After.Revision, name)
		}
	}
}

func TestNothingToChange(t *testing.T) {
	for name, plan := range map[string]func() (clientadmin.Plan, error){
		"set what it is": func() (clientadmin.Plan, error) {
			return clientadmin.Set(seen(t), clientadmin.Change{PerMinute: new(120)}, now)
		},
		"resume what runs": func() (clientadmin.Plan, error) { return clientadmin.Resume(seen(t)) },
		"add a key again": func() (clientadmin.Plan, error) {
			return clientadmin.AddKey(seen(t), keyOf(1).Digest(), time.Time{}, now)
		},
	} {
		p, err := plan()
		require.NoError(t, err, name)
		assert.Empty(t, p.Writes, name)
		assert.Empty(t, p.Effects, name)
		assert.Equal(t, p.Before, p.After, name)
	}
}

func TestRefusals(t *testing.T) {
	anonymous := acme(t)
	anonymous.Name, anonymous.Keys = client.Anonymous, nil
	anonymously := clientadmin.Seen{Name: client.Anonymous, Record: &anonymous}
	none := clientadmin.Seen{Name: "none"}
	full := seen(t)
	for n := byte(3); len(full.Record.Keys) < client.MaxKeys; n++ {
		full.Record.Keys = append(full.Record.Keys, keyOf(n).Digest().ID())
	}
	over := seen(t)
	over.Sum.Total = 200 * price.Dollar
	rpm := clientadmin.Change{PerMinute: new(1)}
	for _, c := range []struct {
		want string
		plan func() (clientadmin.Plan, error)
	}{
		{"client acme: exists already; change it with `set`, or take another -name", func() (clientadmin.Plan, error) { return clientadmin.Create(seen(t), rpm, now) }},
		{"client anonymous: the program makes this client while gatehouse:clientAccess is migrating", func() (clientadmin.Plan, error) {
			return clientadmin.Create(clientadmin.Seen{Name: client.Anonymous}, rpm, now)
		}},
		{`-name: client name "Acme Inc": want at most 32 lower-case letters, digits and hyphens`, func() (clientadmin.Plan, error) {
			return clientadmin.Create(clientadmin.Seen{Name: "Acme Inc"}, rpm, now)
		}},
		{
			"client new: -budget 20.01usd/month brings the sum of all budgets to 100.01 dollars a month; gatehouse:clientBudgetCeiling allows 100: want 20usd/month or less, lower another client's, or raise the ceiling",
			func() (clientadmin.Plan, error) {
				return clientadmin.Create(clientadmin.Seen{Name: "new", Sum: seen(t).Sum}, clientadmin.Change{Budget: parsed(t, "20.01usd/month")}, now)
			},
		},
		{"client acme: -budget 70.01usd/month brings the sum of all budgets to 100.01 dollars a month; gatehouse:clientBudgetCeiling allows 100: want 70usd/month or less", func() (clientadmin.Plan, error) {
			return clientadmin.Set(seen(t), clientadmin.Change{Budget: parsed(t, "70.01usd/month")}, now)
		}},
		{"client acme: -budget 3usd/day brings the sum of all budgets to 123 dollars a month; gatehouse:clientBudgetCeiling allows 100: want 2.258064516usd/day or less", func() (clientadmin.Plan, error) {
			return clientadmin.Set(seen(t), clientadmin.Change{Budget: parsed(t, "3usd/day")}, now)
		}},
		{"client acme: -budget 51usd/month brings the sum of all budgets to 201 dollars a month; gatehouse:clientBudgetCeiling allows 100: there is no room for a budget in dollars", func() (clientadmin.Plan, error) {
			return clientadmin.Set(over, clientadmin.Change{Budget: parsed(t, "51usd/month")}, now)
		}},
		{"client acme: nothing to set; give at least one of -budget, -rpm, -parallel, -models, -inference, -expires", func() (clientadmin.Plan, error) {
			return clientadmin.Set(seen(t), clientadmin.Change{}, now)
		}},
		{"client none: doesn't exist; `list` shows the names of all, and `create` makes one", func() (clientadmin.Plan, error) { return clientadmin.Set(none, rpm, now) }},
		{"client none: doesn't exist", func() (clientadmin.Plan, error) { return clientadmin.Suspend(none) }},
		{"client none: doesn't exist", func() (clientadmin.Plan, error) { return clientadmin.Resume(none) }},
		{"client none: doesn't exist", func() (clientadmin.Plan, error) { return clientadmin.Delete(none, true) }},
		{"client none: doesn't exist", func() (clientadmin.Plan, error) { return clientadmin.AddKey(none, keyOf(1).Digest(), time.Time{}, now) }},
		{"client none: doesn't exist", func() (clientadmin.Plan, error) { return clientadmin.Unmap(none, subject) }},
		{"client none: doesn't exist", func() (clientadmin.Plan, error) { p, _, err := clientadmin.Revoke(none, nil); return p, err }},
		{"client anonymous: doesn't exist; the program makes it while gatehouse:clientAccess is migrating", func() (clientadmin.Plan, error) {
			return clientadmin.Set(clientadmin.Seen{Name: client.Anonymous}, rpm, now)
		}},
		{"client anonymous: can't be deleted", func() (clientadmin.Plan, error) { return clientadmin.Delete(anonymously, true) }},
		{"client anonymous: has no keys: it is the client of requests without one", func() (clientadmin.Plan, error) {
			return clientadmin.AddKey(anonymously, keyOf(1).Digest(), time.Time{}, now)
		}},
		{"client anonymous: has no keys", func() (clientadmin.Plan, error) { return clientadmin.Map(anonymously, subject, "") }},
		{"client acme: has keys: " + strings.Join(acme(t).Keys, ", ") + "; revoke them before, or give -force", func() (clientadmin.Plan, error) { return clientadmin.Delete(seen(t), false) }},
		{"client acme: has 5 keys, as many as a client may have: " + strings.Join(full.Record.Keys, ", ") + "; revoke one before", func() (clientadmin.Plan, error) {
			return clientadmin.AddKey(full, keyOf(9).Digest(), time.Time{}, now)
		}},
		{"client acme: -claim azp -value billing is a subject of client other; unmap it there before", func() (clientadmin.Plan, error) { return clientadmin.Map(seen(t), subject, "other") }},
		{`client acme: -claim is "email"; want one of azp, client_id, sub, *`, func() (clientadmin.Plan, error) {
			return clientadmin.Map(seen(t), clientadmin.Subject{Issuer: "corp", Claim: "email", Value: "x"}, "")
		}},
		{`client acme: -issuer is ""; want 1 to 255 characters`, func() (clientadmin.Plan, error) {
			return clientadmin.Map(seen(t), clientadmin.Subject{Claim: "sub", Value: "x"}, "")
		}},
		{`client acme: -value is "a\nb"; want 1 to 255 characters, none of them a control character`, func() (clientadmin.Plan, error) {
			return clientadmin.Map(seen(t), clientadmin.Subject{Issuer: "corp", Claim: "sub", Value: "a\nb"}, "")
		}},
		{"client acme: -claim * requires -value *", func() (clientadmin.Plan, error) {
			return clientadmin.Map(seen(t), clientadmin.Subject{Issuer: "corp", Claim: "*", Value: "x"}, "")
		}},
		{"client acme: has no such subject of -issuer corp", func() (clientadmin.Plan, error) { return clientadmin.Unmap(seen(t), subject) }},
	} {
		_, err := c.plan()
		require.ErrorContains(t, err, c.want)
	}
}

// A budget may be lowered while the sum is above the ceiling, which was lowered.
func TestLoweringNeedsNoRoom(t *testing.T) {
	over := seen(t)
	over.Sum.Total = 200 * price.Dollar
	plan, err := clientadmin.Set(over, clientadmin.Change{Budget: parsed(t, "49usd/month")}, now)
	require.NoError(t, err)
	assert.Equal(t, dynamo.Number(int64(199*price.Dollar)), plan.Writes[1].Update.Values[":sum"])
}

func TestEffects(t *testing.T) {
	once, spent := seen(t), seen(t)
	spent.Record.Used["u$m2026-11"] = 60 * int64(price.Dollar)
	once.Record.Used["u$o"] = int64(price.Dollar)
	for _, c := range []struct {
		seen   clientadmin.Seen
		change clientadmin.Change
		want   []string
	}{
		{seen(t), clientadmin.Change{Budget: parsed(t, "20usd/month")}, []string{"20usd of the budget 20usd/month are used and held: requests are refused until 2026-12-01 00:00 UTC"}},
		{seen(t), clientadmin.Change{Budget: parsed(t, "20.01usd/month")}, nil},
		{seen(t), clientadmin.Change{Budget: parsed(t, "1usd/day")}, nil}, // a new count
		{seen(t), clientadmin.Change{Budget: &client.Budget{}}, nil},
		{once, clientadmin.Change{Budget: parsed(t, "1usd/once")}, []string{"1usd of the budget 1usd/once are used and held: requests are refused"}},
		{spent, clientadmin.Change{Budget: parsed(t, "40usd/month")}, nil}, // has none left already
		{seen(t), clientadmin.Change{PerMinute: new(29)}, []string{"30 requests were admitted in a minute just now: with 29 some are refused"}},
		{seen(t), clientadmin.Change{PerMinute: new(30)}, nil},
		{seen(t), clientadmin.Change{AtOnce: new(1)}, []string{"2 requests are under way: with 1 at once new ones are refused until some have ended"}},
		{seen(t), clientadmin.Change{AtOnce: new(2)}, nil},
		{seen(t), clientadmin.Change{Models: &[]string{"model-b", "model-c"}}, []string{"requests for model-a are refused"}},
		{seen(t), clientadmin.Change{Models: new([]string)}, nil},
		{seen(t), clientadmin.Change{Inference: new(false)}, []string{"requests to the private route are refused"}},
	} {
		plan, err := clientadmin.Set(c.seen, c.change, now)
		require.NoError(t, err)
		assert.Equal(t, c.want, plan.Effects)
	}
	unrestricted := seen(t)
	unrestricted.Record.Models = nil
	plan, err := clientadmin.Set(unrestricted, clientadmin.Change{Models: &[]string{"model-a"}}, now)
	require.NoError(t, err)
	assert.Equal(t, []string{"requests for all models but model-a are refused"}, plan.Effects)
}
