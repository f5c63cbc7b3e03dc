package clientadmin

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// Seen holds what was read of a client before a change.
type Seen struct {
	Name   string
	Record *client.Record // nil if there is no such client
	Sum    Sum
}

// Plan is a change of a client: one transaction.
type Plan struct {
	Client string

	// Writes are empty if there is nothing to change.
	Writes []dynamo.Write

	// Before and After are the policy. Before is that of a new client, and After that of
	// a deleted one, if it is zero.
	Before client.Policy
	After  client.Policy

	// Effects says what the change takes away from the client's requests. An operator
	// should confirm them.
	Effects []string
}

// Create plans a new client. now is also where its revision starts: a client that had the
// same name before had lower ones, so that no decision remembered of it is taken for one
// about the new client.
func Create(seen Seen, c Change, now time.Time) (Plan, error) {
	p := &problems{client: seen.Name}
	policy := c.apply(client.Policy{
		Revision: now.UnixMicro(), Enabled: true, PerMinute: client.DefaultPerMinute, AtOnce: client.DefaultAtOnce,
	})
	if seen.Record != nil && reflect.DeepEqual(seen.Record.Attributes(), policy.Attributes()) {
		return Plan{Client: seen.Name, After: policy}, nil // this command has made it
	}
	if err := client.CheckName(seen.Name); err != nil {
		p.all = append(p.all, fmt.Errorf("-name: %w", err))
	}
	switch {
	case seen.Name == client.Anonymous:
		p.add("the program makes this client while gatehouse:clientAccess is migrating; run `pulumi up` with it, then `set`")
	case seen.Record != nil:
		p.add("exists already; change it with `set`, or take another -name")
	}
	plan := Plan{Client: seen.Name, After: policy, Writes: []dynamo.Write{{Put: &dynamo.Put{
		Item:      client.NewItem(seen.Name, policy),
		Condition: "attribute_not_exists(#pk)",
		Names:     map[string]string{"#pk": dynamo.PartitionKey},
	}}}}
	plan.addSum(p, seen.Sum)
	return plan, p.err()
}

// Set plans a change of a client's policy: only what is given changes.
func Set(seen Seen, c Change, now time.Time) (Plan, error) {
	p := &problems{client: seen.Name}
	if c.IsZero() {
		p.add("nothing to set; give at least one of %s", flagNames(PolicyFlags()))
	}
	if !seen.exists(p) {
		return Plan{}, p.err()
	}
	plan := seen.change(c.apply(seen.Record.Policy))
	plan.Effects = effects(*seen.Record, plan.After, now)
	plan.addSum(p, seen.Sum)
	return plan, p.err()
}

// Suspend plans to refuse all requests of a client, until it is resumed. Its keys stay.
func Suspend(seen Seen) (Plan, error) {
	return seen.enable(false)
}

// Resume plans to admit requests of a suspended client again.
func Resume(seen Seen) (Plan, error) {
	return seen.enable(true)
}

func (s Seen) enable(enabled bool) (Plan, error) {
	p := &problems{client: s.Name}
	if !s.exists(p) {
		return Plan{}, p.err()
	}
	policy := s.Record.Policy
	policy.Enabled = enabled
	plan := s.change(policy)
	if s.Record.Enabled && !enabled {
		plan.Effects = []string{"every request is refused until the client is resumed"}
	}
	return plan, nil
}

// Delete plans to delete a client. With keys, it is refused unless force is set.
func Delete(seen Seen, force bool) (Plan, error) {
	p := &problems{client: seen.Name}
	if seen.Name == client.Anonymous {
		p.add("can't be deleted: the program makes it while gatehouse:clientAccess is migrating; `suspend` refuses its requests")
		return Plan{}, p.err()
	}
	if !seen.exists(p) {
		return Plan{}, p.err()
	}
	if keys := seen.Record.Keys; len(keys) > 0 && !force {
		p.add("has keys: %s; revoke them before, or give -force", strings.Join(keys, ", "))
	}
	plan := Plan{
		Client: seen.Name, Before: seen.Record.Policy,
		Effects: []string{"the client, its limits and what it has used of its budget are gone; rows of usage stay until they expire"},
		Writes: []dynamo.Write{{Delete: &dynamo.Delete{
			Key:       client.Key(seen.Name),
			Condition: "#rev = :rev",
			Names:     map[string]string{"#rev": client.RevisionAttribute},
			Values:    dynamo.Item{":rev": dynamo.Number(seen.Record.Revision)},
		}}},
	}
	if keys := seen.Record.Keys; len(keys) > 0 {
		plan.Effects = append(plan.Effects, "requests with its keys are refused: "+strings.Join(keys, ", "))
	}
	plan.addSum(p, seen.Sum)
	return plan, p.err()
}

// exists adds a problem and reports false if there is no such client.
func (s Seen) exists(p *problems) bool {
	switch {
	case s.Record != nil:
		return true
	case s.Name == client.Anonymous:
		p.add("doesn't exist; the program makes it while gatehouse:clientAccess is migrating")
	default:
		p.add("doesn't exist; `list` shows the names of all, and `create` makes one")
	}
	return false
}

// change returns the plan that replaces the policy, if it is still the one seen.
func (s Seen) change(after client.Policy, more ...dynamo.Write) Plan {
	plan := Plan{Client: s.Name, Before: s.Record.Policy, After: after}
	if reflect.DeepEqual(plan.Before.Attributes(), after.Attributes()) {
		return plan
	}
	plan.After.Revision = plan.Before.Revision + 1
	plan.Writes = append([]dynamo.Write{{Update: policyUpdate(s.Name, plan.Before, plan.After)}}, more...)
	return plan
}

// addSum adds the write of the sum of budgets, if the budget changes.
func (plan *Plan) addSum(p *problems, sum Sum) {
	if write := sum.write(p, plan.Before.Budget, plan.After.Budget); write != nil {
		plan.Writes = append(plan.Writes, *write)
	}
}

// policyUpdate returns the update of the attributes that differ. The condition keeps
// what another operator, or the holder of a key, has changed since.
func policyUpdate(name string, before, after client.Policy) *dynamo.Update {
	old, current := before.Attributes(), after.Attributes()
	u := &dynamo.Update{
		Key:       client.Key(name),
		Condition: "#rev = :seen",
		Names:     map[string]string{},
		Values:    dynamo.Item{":seen": dynamo.Number(before.Revision)},
	}
	var sets, removed []string
	for _, attribute := range client.PolicyAttributes() {
		value, has := current[attribute]
		if reflect.DeepEqual(value, old[attribute]) {
			continue
		}
		u.Names["#"+attribute] = attribute
		if !has {
			removed = append(removed, "#"+attribute)
			continue
		}
		u.Values[":"+attribute] = value
		sets = append(sets, fmt.Sprintf("#%[1]s = :%[1]s", attribute))
	}
	u.Update = "SET " + strings.Join(sets, ", ")
	if len(removed) > 0 {
		u.Update += " REMOVE " + strings.Join(removed, ", ")
	}
	return u
}

func flagNames(names []string) string {
	all := slices.Clone(names)
	for i := range all {
		all[i] = "-" + all[i]
	}
	return strings.Join(all, ", ")
}
