package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// How many days of usage are shown. No row is kept for longer than the highest number.
const (
	defaultUsageDays = 31
	maxUsageDays     = 1096
)

func (c *clientCommand) usage(ctx context.Context) error {
	days := defaultUsageDays
	if value, given := c.given[daysFlag]; given {
		var err error
		if days, err = strconv.Atoi(value); err != nil || days < 1 || days > maxUsageDays {
			return fmt.Errorf("client %s: -%s is %q; want a number of days from 1 to %d", c.name, daysFlag, value, maxUsageDays)
		}
	}
	to := c.now().UTC()
	from := to.AddDate(0, 0, 1-days)
	rows, err := c.store.Usage(ctx, c.name, from, to)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		// A client that was deleted has rows until they expire.
		if _, _, err := c.admin.Client(ctx, c.name); err != nil {
			return err
		}
	}
	if c.is[jsonFlag] {
		return c.printJSON(usageJSON(rows))
	}
	c.printf("client %s, %s to %s", c.name, from.Format(time.DateOnly), to.Format(time.DateOnly))
	if len(rows) == 0 {
		c.printf("no requests")
		return nil
	}
	c.usageTable(rows)
	return nil
}

// usageTable prints the rows with the sums by model and of all.
func (c *clientCommand) usageTable(rows []clientstore.Row) {
	var cells [][]string
	add := func(day, model string, n tokens) {
		cells = append(cells, []string{
			day, model, strconv.FormatInt(n.requests, 10), strconv.FormatInt(n.input, 10), strconv.FormatInt(n.output, 10), n.cost.String() + "usd",
		})
	}
	byModel, total := map[string]tokens{}, tokens{}
	for _, row := range rows {
		n := tokensOf(row)
		add(row.Day.Format(time.DateOnly), cmp.Or(row.Model, privateRoute), n)
		byModel[row.Model] = byModel[row.Model].plus(n)
		total = total.plus(n)
	}
	if len(byModel) > 1 {
		for _, model := range slices.Sorted(maps.Keys(byModel)) {
			add("sum", cmp.Or(model, privateRoute), byModel[model])
		}
	}
	add("sum", "all", total)
	c.table([]string{"DAY", "MODEL", "REQUESTS", "INPUT", "OUTPUT", "COST"}, cells)
}

// tokens is a sum of rows.
type tokens struct {
	requests, input, output int64
	cost                    price.Amount
}

func tokensOf(row clientstore.Row) tokens {
	return tokens{row.Requests, row.Input, row.Output, row.Cost}
}

func (n tokens) plus(other tokens) tokens {
	return tokens{n.requests + other.requests, n.input + other.input, n.output + other.output, n.cost + other.cost}
}

// privateRoute stands for the model in rows of the private route.
const privateRoute = "(private route)"

// countsJSON are the numbers of a row or a sum, with the cost in dollars.
type countsJSON struct {
	Requests int64       `json:"requests"`
	Input    int64       `json:"inputTokens"`
	Output   int64       `json:"outputTokens"`
	Cost     json.Number `json:"cost"`
}

func (n tokens) json() countsJSON {
	return countsJSON{n.requests, n.input, n.output, json.Number(n.cost.String())}
}

// rowJSON is a row of usage. The model is empty for the private route.
type rowJSON struct {
	Day   string `json:"day"`
	Model string `json:"model"`
	countsJSON
}

func usageJSON(rows []clientstore.Row) any {
	all, total := make([]rowJSON, 0, len(rows)), tokens{}
	for _, row := range rows {
		n := tokensOf(row)
		total = total.plus(n)
		all = append(all, rowJSON{row.Day.Format(time.DateOnly), row.Model, n.json()})
	}
	return struct {
		Rows []rowJSON  `json:"rows"`
		Sum  countsJSON `json:"sum"`
	}{all, total.json()}
}
