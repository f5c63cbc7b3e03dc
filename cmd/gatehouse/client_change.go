package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
)

func (c *clientCommand) create(ctx context.Context) error {
	change, err := clientadmin.ParseChange(c.name, c.given, c.now())
	if err != nil {
		return err
	}
	plan, err := c.admin.Create(ctx, c.name, change)
	if err != nil {
		return err
	}
	c.printf("client %s is created", c.name)
	c.rows(policyRows(plan.After))
	c.noteUncovered(plan)
	c.printf("It has no key yet: %s", hint("key", "NAME="+c.name, "key -name "+c.name))
	return nil
}

func (c *clientCommand) set(ctx context.Context) error {
	now := c.now()
	change, err := clientadmin.ParseChange(c.name, c.given, now)
	if err != nil {
		return err
	}
	plan, err := c.admin.Set(ctx, c.name, change)
	if err != nil {
		return err
	}
	if len(plan.Writes) == 0 {
		c.printf("client %s is like that already", c.name)
		return nil
	}
	c.printf("client %s is changed", c.name)
	var changed [][]string
	before := policyRows(plan.Before)
	for i, row := range policyRows(plan.After) {
		if row[1] != before[i][1] {
			changed = append(changed, []string{row[0], before[i][1] + " → " + row[1]})
		}
	}
	c.rows(changed)
	if !plan.After.Budget.IsZero() && plan.Before.Budget.Counter(now) != plan.After.Budget.Counter(now) {
		c.printf("Another unit or period of the budget has a count of its own.")
	}
	c.noteUncovered(plan)
	return nil
}

// noteUncovered notes that the ceiling of budgets says nothing about a client.
func (c *clientCommand) noteUncovered(plan clientadmin.Plan) {
	_, limited := plan.After.Budget.Monthly()
	if limited || c.admin.Ceiling == nil || *c.admin.Ceiling == 0 {
		return
	}
	c.note("The ceiling of %s dollars a month doesn't limit this client: its budget is %s.", *c.admin.Ceiling, plan.After.Budget)
}

// key makes a key, stores its digest, and prints it. Nothing else is printed to standard
// output.
func (c *clientCommand) key(ctx context.Context) error {
	var expires time.Time
	if value, given := c.given[clientadmin.ExpiresFlag]; given {
		var err error
		if expires, err = clientadmin.ParseEnd(c.name, value, c.now()); err != nil {
			return err
		}
	}
	var random [credential.RandomSize]byte
	_, _ = rand.Read(random[:]) // never fails
	key := credential.New(random)
	id := key.Digest().ID()
	plan, err := c.admin.AddKey(ctx, c.name, key.Digest(), expires)
	var unknown *clientadmin.UnknownError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%w\nno key is shown; if `show` lists one with the id %s, revoke it", err, id)
	case err != nil:
		return err
	}
	if _, err := fmt.Fprintln(c.out, key.Reveal()); err != nil {
		return fmt.Errorf("key %s of client %s could not be written: %w; revoke it: %s", id, c.name, err,
			hint("revoke", "NAME="+c.name+" KEY="+id, "revoke -name "+c.name+" -key "+id))
	}
	c.note("This is key %s of client %s, %s. It is shown this once: only its digest is stored.", id, c.name, validity(expires))
	c.noteKey(plan, expires)
	return nil
}

func (c *clientCommand) noteKey(plan clientadmin.Plan, expires time.Time) {
	if c.isTerminal() {
		c.note("It is on your terminal now. Next time, pipe it to where it is needed.")
	}
	if !plan.After.Enabled {
		c.note("The client is suspended: requests with the key are refused until it is resumed.")
	}
	if end := plan.After.Expires; !end.IsZero() && (expires.IsZero() || end.Before(expires)) {
		c.note("The client itself ends before the key, %s.", clientadmin.FormatTime(end))
	}
}

func validity(expires time.Time) string {
	if expires.IsZero() {
		return "valid until it is revoked"
	}
	return "valid until " + clientadmin.FormatTime(expires)
}

func (c *clientCommand) suspend(ctx context.Context) error {
	plan, err := c.admin.Suspend(ctx, c.name)
	if err != nil {
		return err
	}
	if len(plan.Writes) == 0 {
		c.printf("client %s is suspended already", c.name)
		return nil
	}
	c.printf("client %s is suspended: %s", c.name, hint("resume", "NAME="+c.name, "resume -name "+c.name))
	c.printUnderWay()
	return nil
}

// printUnderWay says what a change doesn't stop.
func (c *clientCommand) printUnderWay() {
	c.printf("%s", "Requests that were admitted before are still answered: "+
		"chat completions within gatehouse:streamingTimeout, others within 30 seconds.")
}

func (c *clientCommand) resume(ctx context.Context) error {
	plan, err := c.admin.Resume(ctx, c.name)
	if err != nil {
		return err
	}
	if len(plan.Writes) == 0 {
		c.printf("client %s is not suspended", c.name)
		return nil
	}
	c.printf("client %s is resumed", c.name)
	return nil
}

func (c *clientCommand) revoke(ctx context.Context) error {
	var ids []string
	if id, given := c.given[clientadmin.KeyFlag]; given {
		if err := checkKeyID(c.name, id); err != nil {
			return err
		}
		ids = []string{id}
	}
	plan, gone, err := c.admin.Revoke(ctx, c.name, ids)
	ended := slices.DeleteFunc(slices.Clone(plan.Before.Keys), plan.After.Has)
	switch {
	case len(ended) > 0:
		c.printf("revoked of client %s: %s", c.name, strings.Join(ended, ", "))
		c.printf("From now on, no request with a revoked key is admitted.")
		c.printUnderWay()
	case err != nil:
	case len(gone) > 0:
		c.printf("key %s of client %s had ended already", strings.Join(gone, ", "), c.name)
	default:
		c.printf("client %s has no key", c.name)
	}
	return err
}

// checkKeyID refuses what isn't an id of a key.
func checkKeyID(name, id string) error {
	if len(id) != 8 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return fmt.Errorf("client %s: -%s is %q; want the public id of a key, 8 characters such as k7f3q2ab, which `show` lists, "+
			"or no -%[2]s for all keys", name, clientadmin.KeyFlag, id)
	}
	return nil
}

func (c *clientCommand) delete(ctx context.Context) error {
	plan, err := c.admin.Delete(ctx, c.name, c.is[forceFlag])
	if len(plan.Writes) > 0 {
		c.printf("client %s is deleted", c.name)
	}
	return err
}

func (c *clientCommand) subject() clientadmin.Subject {
	return clientadmin.Subject{
		Issuer: c.given[clientadmin.IssuerFlag], Claim: c.given[clientadmin.ClaimFlag], Value: c.given[clientadmin.ValueFlag],
	}
}

func (c *clientCommand) mapSubject(ctx context.Context) error {
	s := c.subject()
	if _, err := c.admin.Map(ctx, c.name, s); err != nil {
		return err
	}
	c.printf("tokens of %s with %s %q are those of client %s; the id is %s", s.Issuer, s.Claim, s.Value, c.name, s.ID())
	return nil
}

func (c *clientCommand) unmapSubject(ctx context.Context) error {
	s := c.subject()
	if _, err := c.admin.Unmap(ctx, c.name, s); err != nil {
		return err
	}
	c.printf("tokens of %s with %s %q are no longer those of client %s", s.Issuer, s.Claim, s.Value, c.name)
	c.printUnderWay()
	return nil
}
