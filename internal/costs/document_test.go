package costs_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/costs"
	"github.com/gatehouse-iac/gatehouse/internal/costs/coststest"
)

var update = flag.Bool("update", false, "write the tables into docs/costs.md")

const (
	document = "../../docs/costs.md"
	sums     = "../../docs/costs.json"
)

// options lists settings that change the costs of a stack at rest, one by one.
var options = []struct {
	what    string
	changes map[string]string
	on      string // an option that this one needs
}{
	{what: "`observabilityEnabled: true`", changes: map[string]string{"gatehouse:observabilityEnabled": "true"}},
	{what: "`wafEnabled: true`", changes: map[string]string{"gatehouse:wafEnabled": "true"}},
	{what: "`networkEnabled: true`", changes: map[string]string{"gatehouse:networkEnabled": "true"}},
	{what: "`networkNat: single`", changes: map[string]string{"gatehouse:networkNat": "single"}, on: "gatehouse:networkEnabled"},
	{what: "`networkNat: perZone`, two zones", changes: map[string]string{"gatehouse:networkNat": "perZone"}, on: "gatehouse:networkEnabled"},
	{what: "each of `networkInterfaceEndpoints`, two zones", changes: map[string]string{"gatehouse:networkInterfaceEndpoints": `["logs"]`}, on: "gatehouse:networkEnabled"},
}

// The document must have the costs of the program as it is. `make docs` writes it.
func TestDocumentIsUpToDate(t *testing.T) {
	prices, err := costs.ListPrices()
	require.NoError(t, err)
	var atRest, models, streams, private []costs.Column
	for _, environment := range []string{"dev", "prod"} {
		s := coststest.Settings(t, environment, nil)
		declared := coststest.Declare(t, s)
		items, err := prices.AtRest(declared)
		require.NoError(t, err)
		atRest = append(atRest, costs.Column{Heading: environment, Items: items})

		retention := time.Duration(s.LogRetentionDays) * 24 * time.Hour
		items, err = prices.PerMillion(declared, costs.Usual, s.Gateway.AuthorizerTTL, retention)
		require.NoError(t, err)
		models = append(models, costs.Column{Heading: environment, Items: items})
		items, err = prices.StreamedPerMillion(declared, costs.Streamed, s.Gateway.AuthorizerTTL, retention)
		require.NoError(t, err)
		streams = append(streams, costs.Column{Heading: environment, Items: items})
		if s.Network.Enabled {
			private = append(private, costs.Column{Heading: environment, Items: prices.PerMillionPrivate(declared, costs.Usual, retention)})
		}
	}
	restBeside, useBeside := besides(t, prices)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), fmt.Sprintf("`dev` stack costs about $%.0f a month", costs.Total(atRest[0].Items)))
	assert.Contains(t, string(readme), fmt.Sprintf("cost about $%.0f,", costs.Total(models[0].Items)))

	current, err := os.ReadFile(document)
	require.NoError(t, err)
	wanted, err := costs.Fill(string(current), map[string]string{
		"at rest": costs.Table(atRest...), "options": optionsTable(t, prices),
		"models": costs.Table(models...), "streams": costs.Table(streams...), "clients": costs.Table(clientsColumn(t, prices)), "private": costs.Table(private...),
		"beside at rest": costs.Table(restBeside...), "beside in use": costs.Table(useBeside...),
		"prices": costs.PriceList(prices), "date": fmt.Sprintf("List prices of %s in US dollars, as of %s.\n", prices.Region, prices.AsOf),
	})
	require.NoError(t, err)
	figures := figuresOf(t, prices, map[string][]costs.Column{
		"a month at rest": append(atRest, restBeside[1:]...), "a million requests, the model included": models,
		"a million streamed responses": streams, "a million requests, let in": useBeside,
	})
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(wanted), 0o644))
		require.NoError(t, os.WriteFile(sums, figures, 0o644))
		return
	}
	assert.True(t, wanted == string(current), "docs/costs.md is not up to date: run `make docs`")
	committed, err := os.ReadFile(sums)
	require.NoError(t, err)
	assert.Equal(t, string(figures), string(committed), "docs/costs.json is not up to date: run `make docs`")
}

// clientsColumn returns what clients add to a million requests of dev.
func clientsColumn(t *testing.T, prices costs.Prices) costs.Column {
	t.Helper()
	free := []string{}
	for _, id := range coststest.Settings(t, "dev", map[string]string{"gatehouse:clientAccess": "open"}).Model.IDs() {
		free = append(free, id+"=0/0")
	}
	encoded, err := json.Marshal(free)
	require.NoError(t, err)
	s := coststest.Settings(t, "dev", map[string]string{"gatehouse:clientAccess": "keys", "gatehouse:modelPrices": string(encoded)})
	items, err := prices.PerMillion(coststest.Declare(t, s), costs.Usual, s.Gateway.AuthorizerTTL, time.Hour)
	require.NoError(t, err)
	column := costs.Column{Heading: "dev"}
	for _, item := range items {
		if strings.HasPrefix(item.What, "Clients, ") {
			column.Items = append(column.Items, item)
		}
	}
	require.NotEmpty(t, column.Items)
	return column
}

// besides returns the costs of dev and of the other systems, with the same times: at rest,
// and for a million requests until they are accepted.
func besides(t *testing.T, prices costs.Prices) (atRest, inUse []costs.Column) {
	t.Helper()
	s := coststest.Settings(t, "dev", nil)
	declared := coststest.Declare(t, s)
	items, err := prices.AtRest(declared)
	require.NoError(t, err)
	atRest = append(atRest, costs.Column{Heading: "dev", Items: items})
	items, err = prices.AcceptedPerMillion(declared, costs.Usual, s.Gateway.AuthorizerTTL, time.Duration(s.LogRetentionDays)*24*time.Hour)
	require.NoError(t, err)
	inUse = append(inUse, costs.Column{Heading: "dev", Items: items})
	for _, other := range []costs.System{costs.OneValue, costs.TwoValues} {
		atRest = append(atRest, costs.Column{Heading: other.Name, Items: other.AtRest(prices, s.Rotation.Interval)})
		inUse = append(inUse, costs.Column{Heading: other.Name, Items: other.PerMillion(prices, costs.Usual, s.Gateway.AuthorizerTTL)})
	}
	return atRest, inUse
}

// figuresOf returns the tables' sums in US dollars, as JSON for comparisons.
func figuresOf(t *testing.T, prices costs.Prices, tables map[string][]costs.Column) []byte {
	t.Helper()
	all := map[string]map[string]float64{}
	for what, columns := range tables {
		all[what] = map[string]float64{}
		for _, c := range columns {
			all[what][c.Heading] = math.Round(costs.Total(c.Items)*100) / 100
		}
	}
	text, err := json.MarshalIndent(map[string]any{"asOf": prices.AsOf, "usd": all}, "", "\t")
	require.NoError(t, err)
	return append(text, '\n')
}

// optionsTable renders what each option adds to a month at rest.
func optionsTable(t *testing.T, prices costs.Prices) string {
	t.Helper()
	total := func(changes map[string]string) float64 {
		items, err := prices.AtRest(coststest.Declare(t, coststest.Settings(t, "dev", changes)))
		require.NoError(t, err)
		return costs.Total(items)
	}
	table := "| setting | $ a month |\n|---|---:|\n"
	for _, option := range options {
		before := map[string]string{}
		if option.on != "" {
			before[option.on] = "true"
		}
		after := maps.Clone(before)
		maps.Copy(after, option.changes)
		table += fmt.Sprintf("| %s | %.2f |\n", option.what, total(after)-total(before))
	}
	return table
}
