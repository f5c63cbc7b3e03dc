package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
)

// rows prints rows of a table, indented.
func (c *clientCommand) rows(rows [][]string) {
	table := tabwriter.NewWriter(c.out, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(table, "  "+strings.Join(row, "\t"))
	}
	_ = table.Flush()
}

// table prints a table with a heading. Its last column isn't padded.
func (c *clientCommand) table(heading []string, rows [][]string) {
	table := tabwriter.NewWriter(c.out, 0, 0, 3, ' ', 0)
	for _, row := range append([][]string{heading}, rows...) {
		_, _ = fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	_ = table.Flush()
}

// policyRows are the limits of a policy by the flags that set them.
func policyRows(p client.Policy) [][]string {
	models := "all"
	if p.Models != nil {
		models = strings.Join(p.Models, ",")
	}
	return [][]string{
		{clientadmin.BudgetFlag, p.Budget.String()},
		{clientadmin.PerMinuteFlag, strconv.Itoa(p.PerMinute)},
		{clientadmin.AtOnceFlag, strconv.Itoa(p.AtOnce)},
		{clientadmin.ModelsFlag, models},
		{clientadmin.InferenceFlag, strconv.FormatBool(p.Inference)},
		{clientadmin.ExpiresFlag, end(p.Expires)},
	}
}

func end(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return clientadmin.FormatTime(t)
}

// The states of a client.
const (
	stateActive    = "active"
	stateSuspended = "suspended"
	stateExpired   = "expired"
)

func stateOf(r client.Record, now time.Time) string {
	switch {
	case !r.Enabled:
		return stateSuspended
	case r.HasExpired(now):
		return stateExpired
	}
	return stateActive
}

// use has the amounts that a client has used and holds in the window of its budget.
type use struct {
	unit       client.Unit
	used, held int64 // used doesn't include what is held
}

func useOf(r client.Record, now time.Time) use {
	unit := r.Budget.Unit
	if r.Budget.IsZero() {
		unit = client.Dollars
	}
	_, held := r.Live(now)
	return use{unit: unit, used: max(0, r.Used[r.Budget.Counter(now)]-held), held: held}
}

func (c *clientCommand) list(ctx context.Context) error {
	records, err := c.admin.Clients(ctx)
	if err != nil {
		return err
	}
	credentials, err := c.admin.Credentials(ctx)
	if err != nil {
		return err
	}
	bill, err := c.admin.LargestBill(ctx, records)
	if err != nil {
		return err
	}
	now := c.now()
	if c.is[jsonFlag] {
		return c.printJSON(listJSON(records, credentials, bill, now))
	}
	rows := make([][]string, 0, len(records))
	for _, r := range records {
		u := useOf(r, now)
		rows = append(rows, []string{
			r.Name, stateOf(r, now), r.Budget.String(), u.unit.Format(u.used), u.unit.Format(u.held), lastUse(r), keysCell(r, credentials, now),
		})
	}
	c.table([]string{"CLIENT", "STATE", "BUDGET", "USED", "HELD", "LAST USE", "KEYS"}, rows)
	c.printf("%s", billLine(bill))
	return nil
}

func lastUse(r client.Record) string {
	if t := r.LastUse(); !t.IsZero() {
		return clientadmin.FormatTime(t)
	}
	return "-"
}

// keysCell lists the keys of a client with their ends.
func keysCell(r client.Record, credentials []clientadmin.Credential, now time.Time) string {
	var cells []string
	found := clientadmin.Valid(r, credentials)
	for _, key := range found {
		switch {
		case !key.IsKey():
			cells = append(cells, key.ID+" (tokens)")
		case key.HasExpired(now):
			cells = append(cells, key.ID+" (expired)")
		case key.Expires.IsZero():
			cells = append(cells, key.ID)
		default:
			cells = append(cells, key.ID+" until "+key.Expires.Format(time.DateOnly))
		}
	}
	for _, id := range lostKeys(r, found) {
		cells = append(cells, id+" (missing)")
	}
	if len(cells) == 0 {
		return "none"
	}
	return strings.Join(cells, ", ")
}

// lostKeys are the ids in a client's policy of which there is no item.
func lostKeys(r client.Record, found []clientadmin.Credential) []string {
	return slices.DeleteFunc(slices.Clone(r.Keys), func(id string) bool {
		return slices.ContainsFunc(found, func(c clientadmin.Credential) bool { return c.ID == id })
	})
}

func billLine(b clientadmin.Bill) string {
	ceiling := "gatehouse:clientBudgetCeiling is not set."
	if b.Ceiling > 0 {
		ceiling = fmt.Sprintf("The ceiling of budgets is %s dollars a month.", b.Ceiling)
	}
	if len(b.Unlimited) > 0 {
		return fmt.Sprintf("Largest bill of a month: no limit, without a budget in dollars for %s; the other budgets come to %s dollars. %s",
			strings.Join(b.Unlimited, ", "), b.Sum, ceiling)
	}
	return fmt.Sprintf("Largest bill of a month: %s dollars, if every client uses its whole budget. %s", b.Sum, ceiling)
}

func (c *clientCommand) show(ctx context.Context) error {
	r, credentials, err := c.admin.Client(ctx, c.name)
	if err != nil {
		return err
	}
	now := c.now()
	if c.is[jsonFlag] {
		return c.printJSON(showJSON(r, credentials, now))
	}
	c.printf("client %s, %s", r.Name, stateOf(r, now))
	c.rows(append(policyRows(r.Policy), useRows(r, now)...))
	c.showKeys(r, credentials, now)
	c.showHolds(r, now)
	return nil
}

// useRows are the counters of a client, each beside its limit.
func useRows(r client.Record, now time.Time) [][]string {
	u := useOf(r, now)
	live, _ := r.Live(now)
	rows := [][]string{
		{"used", u.unit.Format(u.used) + windowEnd(r.Budget, now)},
		{"held", fmt.Sprintf("%s for %d requests under way", u.unit.Format(u.held), live)},
	}
	if !r.Budget.IsZero() {
		rows = append(rows, []string{"left", u.unit.Format(max(0, r.Budget.Limit-u.used-u.held))})
	}
	minute := r.Minutes[client.Minute(now)]
	return append(rows,
		[]string{"this minute", fmt.Sprintf("%d requests", minute)},
		[]string{"last use", lastUse(r)},
		[]string{"revision", strconv.FormatInt(r.Revision, 10)},
	)
}

func windowEnd(b client.Budget, now time.Time) string {
	period := b.Period
	if b.IsZero() {
		period = client.Month
	}
	if end := period.End(now); !end.IsZero() {
		return ", counted until " + clientadmin.FormatTime(end)
	}
	return ", counted for ever"
}

func (c *clientCommand) showKeys(r client.Record, credentials []clientadmin.Credential, now time.Time) {
	var rows [][]string
	for _, key := range credentials {
		kind, created := "key", "-"
		if !key.IsKey() {
			kind = "tokens"
		}
		if !key.Created.IsZero() {
			created = clientadmin.FormatTime(key.Created)
		}
		ends := end(key.Expires)
		if key.HasExpired(now) {
			ends += " (expired)"
		}
		rows = append(rows, []string{key.ID, kind, created, ends})
	}
	for _, id := range lostKeys(r, credentials) {
		rows = append(rows, []string{id, "missing", "-", "-"})
	}
	if len(rows) == 0 {
		c.printf("no keys")
		return
	}
	c.table([]string{"KEY", "KIND", "MADE", "EXPIRES"}, rows)
}

// showHolds lists what is held, also by requests that have ended without settling it: the
// client's next request removes those.
func (c *clientCommand) showHolds(r client.Record, now time.Time) {
	var rows [][]string
	for _, id := range sortedHolds(r) {
		ends := clientadmin.FormatTime(client.HoldEnd(id))
		if client.IsExpired(id, now) {
			ends += " (expired: it stays charged)"
		}
		rows = append(rows, []string{id, useOf(r, now).unit.Format(r.Holds[id]), ends})
	}
	if len(rows) > 0 {
		c.table([]string{"HOLD", "AMOUNT", "ENDS"}, rows)
	}
}

func sortedHolds(r client.Record) []string {
	ids := make([]string, 0, len(r.Holds))
	for id := range r.Holds {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		if order := client.HoldEnd(a).Compare(client.HoldEnd(b)); order != 0 {
			return order
		}
		return strings.Compare(a, b)
	})
	return ids
}
