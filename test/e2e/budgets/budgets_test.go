package budgets

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// requests is the number of requests of all clients under load.
var requests = flag.Int("requests", 2000, "send so many requests under load")

const (
	customers = 20
	atOnce    = 24

	killInterval = 4 * time.Second
)

// faults are those that calls of the table meet: errors before and after they took effect,
// and calls that arrive late.
func faults() []awsclient.Fault {
	var all []awsclient.Fault
	for _, action := range []string{"UpdateItem", "GetItem"} {
		for _, principal := range []string{functions[0] + "/", functions[1]} {
			f := awsclient.Fault{Service: "dynamodb", Action: action, Principal: principal}
			before, after, late := f, f, f
			before.Mode, before.Probability = "error-before", 0.04
			after.Mode, after.Probability = "error-after", 0.08
			late.Mode, late.Probability, late.Seconds = "delay", 0.05, 0.7
			all = append(all, before, after, late)
		}
	}
	return all
}

// TestCalm sends requests without faults: afterwards the table has exactly what was used.
func TestCalm(t *testing.T) {
	s := attach(t)
	all := s.newCustomers(t, 4, budgets)
	traffic := newTraffic(s)
	if err := traffic.send(t.Context(), all, 200, atOnce); err != nil {
		t.Fatal(err)
	}
	t.Logf("outcomes: %v", traffic.outcomes())
	if err := traffic.verifyStatuses(false); err != nil {
		t.Error(err)
	}
	for _, c := range all {
		used, truth := s.used(t, c), s.truth(c)
		usage, n := s.meter.of(c.name)
		t.Logf("%s: %d requests, %d tokens, %s of %s", c.name, n, usage.Total(), c.limit.Unit.Format(used), c.limit)
		if n == 0 || used != truth {
			t.Errorf("%s: the table has %d, the model counted %d in %d requests", c.name, used, truth, n)
		}
		if holds := s.record(t, c.name).Holds; len(holds) > 0 {
			t.Errorf("%s: %d holds are left", c.name, len(holds))
		}
	}
}

// budgets returns the budget of the nth client: of either unit, and for any period.
func budgets(n int) string {
	return []string{"3usd/day", "600tokens/day", "2.50usd/month", "500tokens/once"}[n%4]
}

// TestBudgetsUnderLoad sends requests of many clients at once, while calls of the table fail
// and functions are killed. In the middle a key is revoked and a budget lowered.
func TestBudgetsUnderLoad(t *testing.T) {
	s := attach(t)
	all := s.newCustomers(t, customers, budgets)
	revoked, lowered := all[0], all[4]
	if err := s.cloud.SetFaults(t.Context(), faults()); err != nil {
		t.Fatal(err)
	}
	traffic, began := newTraffic(s), time.Now()
	var (
		revokedAt     time.Time
		lowerLimit    client.Budget
		usedAtLowered int64
		kills         int
	)
	busy, stop := context.WithCancel(t.Context())
	group, busy := errgroup.WithContext(busy)
	group.Go(func() (err error) { kills, err = s.killNowAndThen(busy); return err })
	group.Go(func() error {
		defer stop()
		half := *requests / 2
		if err := traffic.send(t.Context(), all, half, atOnce); err != nil {
			return err
		}
		sending, ctx := errgroup.WithContext(t.Context())
		sending.Go(func() error { return traffic.send(ctx, all, *requests-half, atOnce) })
		sending.Go(func() (err error) {
			if _, _, err = s.admin.Revoke(ctx, revoked.name, []string{revoked.key.Digest().ID()}); err != nil {
				return err
			}
			revokedAt = time.Now()
			lowerLimit, usedAtLowered, err = s.lower(ctx, lowered, "1usd/day")
			return err
		})
		return sending.Wait()
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	fired, err := s.cloud.Fired(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cloud.SetFaults(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests: %v", len(traffic.samples), traffic.outcomes())
	t.Logf("%d functions killed, %d faults", kills, sum(fired))
	if kills == 0 || sum(fired) == 0 {
		t.Error("nothing was disturbed")
	}
	if err := traffic.verifyStatuses(true); err != nil {
		t.Error(err)
	}
	s.verifyBudgets(t, all, lowered.name, began)
	if truth := s.truth(lowered); lowered.allowed(began) == lowered.limit.Limit && truth > max(lowerLimit.Limit, usedAtLowered) {
		t.Errorf("%s: used %d, although the budget was lowered to %s at %d", lowered.name, truth, lowerLimit, usedAtLowered)
	}
	verifyRevoked(t, traffic, revoked, revokedAt)
	t.Run("usual protocols", func(t *testing.T) {
		for _, one := range usualProtocols {
			if over := one.exceed(t, s.table); over <= 0 {
				t.Errorf("%s: %d below the limit: the load shows nothing", one.name, -over)
			}
		}
	})
}

// lower lowers a budget, and returns it with what was used and held just after.
func (s *suite) lower(ctx context.Context, c customer, budget string) (client.Budget, int64, error) {
	change, err := clientadmin.ParseChange(c.name, map[string]string{clientadmin.BudgetFlag: budget}, time.Now())
	if err != nil {
		return client.Budget{}, 0, err
	}
	if _, err := s.admin.Set(ctx, c.name, change); err != nil {
		return client.Budget{}, 0, err
	}
	r, _, err := s.admin.Client(ctx, c.name)
	return *change.Budget, r.Used[r.Budget.Counter(time.Now())], err
}

// killNowAndThen kills the functions that serve the API until the context ends.
func (s *suite) killNowAndThen(ctx context.Context) (kills int, err error) {
	for {
		select {
		case <-ctx.Done():
			return kills, nil
		case <-time.After(killInterval):
		}
		for _, name := range functions {
			killed, err := s.cloud.Kill(context.WithoutCancel(ctx), name)
			if err != nil {
				return kills, err
			}
			kills += killed
		}
	}
}

// verifyBudgets verifies that no client has used more than its budget, and that the table has
// at least what was used.
func (s *suite) verifyBudgets(t *testing.T, all []customer, lowered string, began time.Time) {
	t.Helper()
	over, spent := int64(0), 0
	for _, c := range all {
		used, truth := s.used(t, c), s.truth(c)
		usage, n := s.meter.of(c.name)
		t.Logf("%-9s %3d requests, %4d tokens: %s used, %s charged of %s",
			c.name, n, usage.Total(), c.limit.Unit.Format(truth), c.limit.Unit.Format(used), c.limit)
		if truth > used {
			t.Errorf("%s: used %d, of which only %d are charged", c.name, truth, used)
		}
		if used > c.allowed(began) && c.name != lowered {
			t.Errorf("%s: %d charged, the limit is %d", c.name, used, c.allowed(began))
		}
		over = max(over, truth-c.allowed(began))
		if truth*2 > c.limit.Limit {
			spent++
		}
	}
	t.Logf("overspend: %d", max(0, over))
	if over > 0 {
		t.Errorf("a client has overspent by %d", over)
	}
	if spent < len(all)/2 {
		t.Errorf("only %d of %d clients have used half of their budgets: the load shows nothing", spent, len(all))
	}
}

// verifyRevoked verifies that a key was refused from the moment at which the command that
// revoked it had returned.
func verifyRevoked(t *testing.T, traffic *traffic, c customer, at time.Time) {
	t.Helper()
	after := 0
	for _, s := range traffic.samples {
		if s.customer != c.name || s.began.Before(at) {
			continue
		}
		after++
		if s.status == 200 || s.status == 429 {
			t.Errorf("%s: %d %s %s after the key was revoked", c.name, s.status, s.code, s.began.Sub(at))
		}
	}
	t.Logf("%d requests with the revoked key, none admitted", after)
	if after == 0 {
		t.Error("no request was sent with the revoked key")
	}
}

func sum(fired []awsclient.Fault) (n int) {
	for _, f := range fired {
		n += f.Fired
	}
	return n
}

func TestEveryKindOfBudgetIsTested(t *testing.T) {
	kinds := map[string]bool{}
	for n := range 4 {
		b, err := client.ParseBudget(budgets(n))
		if err != nil {
			t.Fatal(err)
		}
		kinds[fmt.Sprint(b.Unit, b.Period)] = true
	}
	if len(kinds) != 4 {
		t.Errorf("%v", slices.Sorted(maps.Keys(kinds)))
	}
}
