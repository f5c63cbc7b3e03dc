package scale_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/costs"
	"github.com/gatehouse-iac/gatehouse/internal/costs/coststest"
	"github.com/gatehouse-iac/gatehouse/internal/scale"
)

var update = flag.Bool("update", false, "write the tables into docs/scale.md")

const (
	document    = "../../docs/scale.md"
	environment = "prod"
)

// The document must have the limits and costs of the program as it is. `make docs` writes it.
func TestDocumentIsUpToDate(t *testing.T) {
	s := coststest.Settings(t, environment, nil)
	declared := coststest.Declare(t, s)
	prices, err := costs.ListPrices()
	require.NoError(t, err)
	bill := func(requests costs.Requests) (float64, error) {
		items, err := prices.Month(declared, requests, s.Gateway.AuthorizerTTL, time.Duration(s.LogRetentionDays)*24*time.Hour)
		return costs.Total(costs.WithoutModel(items)), err
	}
	all := scale.Quotas(s, scale.Usual)
	summary, err := scale.Summary(all, scale.Usual, bill)
	require.NoError(t, err)

	current, err := os.ReadFile(document)
	require.NoError(t, err)
	wanted, err := costs.Fill(string(current), map[string]string{
		"date": scale.AsOf(), "summary": summary, "assumptions": scale.Assumptions(scale.Usual),
		"quotas": scale.Table(all), "raises": scale.Raises(all), "uses": scale.Uses(all),
		"request": scale.RequestTable(scale.Bounds()), "guesses": scale.GuessesTable(s),
	})
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(wanted), 0o644))
		return
	}
	assert.True(t, wanted == string(current), "docs/scale.md is not up to date: run `make docs`")
}

// What each load meets, computed by hand. The busiest second of a million requests is 57.9
// requests: 11.6 streams, of which 694 are open, and 69 open requests in one piece.
func TestLimitsOnTheWayToABillion(t *testing.T) {
	all := scale.Quotas(coststest.Settings(t, environment, nil), scale.Usual)
	want := map[float64][]string{
		1e3: nil, 1e4: nil, 1e5: nil,
		// A tenth of 764 requests at once are 76, and a client has 40.
		1e6: {"one client's `PARALLEL`"},
		// 1,736 requests of one address in five minutes per million a day, of 2,000; 764
		// executions of 1,000; 2.6 million tokens used and 57,000 reserved of 4 million.
		1e7: {"`wafRateLimit`", "Lambda's executions", "Bedrock's tokens a minute"},
		// 92.6 executions in ten seconds per million, of 1,000; 46.3 requests in one piece of
		// 1,000; 174 writes of 4,000; 347 requests a minute of 24,000; 11.6 streams of 1,000.
		1e8: {
			"Lambda's scaling rate", "`throttleRate`", "writes to a new table", "one client's `RPM`",
			"`throttleRate` of streams", "writes to one client's item",
		},
		// 57.9 requests per million of 10,000, and 174 writes of 40,000.
		1e9: {"API Gateway's requests", "Lambda@Edge's requests", "writes to the table"},
	}
	before := 0.0
	for _, load := range scale.Loads() {
		var met []string
		for _, q := range scale.Between(all, before, load) {
			met = append(met, q.Short)
		}
		if load == 1e8 || load == 1e9 {
			assert.ElementsMatch(t, want[load], met, "%.0f requests a day: some are met by the same load", load)
		} else {
			assert.Equal(t, want[load], met, "%.0f requests a day", load)
		}
		before = load
	}
	assert.InDelta(t, 1_309_000, perDay(t, all, "Lambda's executions"), 1000)
	assert.InDelta(t, 524_000, perDay(t, all, "one client's `PARALLEL`"), 1000)
	assert.InDelta(t, 172_800_000, perDay(t, all, "API Gateway's requests"), 1)
	assert.InDelta(t, 4.32e9, perDay(t, all, "CloudFront's requests"), 1e3)
}

func perDay(t *testing.T, all []scale.Met, short string) float64 {
	t.Helper()
	for _, q := range all {
		if q.Short == short {
			return q.PerDay
		}
	}
	require.Failf(t, "no such quota", "%s", short)
	return 0
}

// Each alarm that the document names is one of the stack's, and has its section in the runbook.
func TestAlarmsExist(t *testing.T) {
	var declared []string
	for _, r := range coststest.Declare(t, coststest.Settings(t, environment, nil)) {
		if r.Type == "aws:cloudwatch/metricAlarm:MetricAlarm" {
			declared = append(declared, r.Inputs.Get("name").AsString())
		}
	}
	require.NotEmpty(t, declared)
	runbook, err := os.ReadFile("../../docs/runbook.md")
	require.NoError(t, err)
	for _, name := range scale.Alarms() {
		assert.True(t, hasSuffix(declared, "-"+name), "no alarm's name ends with %s: %v", name, declared)
		assert.Contains(t, string(runbook), "### "+name+"\n")
	}
}

var code = regexp.MustCompile("`([a-z]+(?:_[a-z]+)+)`")

// Each code of a response is one of the API's description.
func TestCodesExist(t *testing.T) {
	description, err := os.ReadFile("../../lambda/model/internal/api/openapi.yaml")
	require.NoError(t, err)
	all := scale.Quotas(coststest.Settings(t, environment, nil), scale.Usual)
	codes := code.FindAllStringSubmatch(scale.Table(all)+scale.RequestTable(scale.Bounds()), -1)
	require.NotEmpty(t, codes)
	for _, match := range codes {
		assert.Regexp(t, `(?m)^\s*(?:- |code: )`+match[1]+`$`, string(description))
	}
}

func hasSuffix(all []string, suffix string) bool {
	for _, text := range all {
		if strings.HasSuffix(text, suffix) {
			return true
		}
	}
	return false
}
