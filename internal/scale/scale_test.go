package scale

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/costs"
)

// settings returns the default settings with changes.
func settings(t *testing.T, changes map[string]string) config.Settings {
	t.Helper()
	all := map[string]string{"aws:region": "us-east-1"}
	for key, value := range changes {
		all["gatehouse:"+key] = value
	}
	s, err := config.Load(all)
	require.NoError(t, err)
	return s
}

// plain is a traffic whose figures can be computed by hand: of 864,000 requests a day, a
// hundred begin in the busiest second, forty of them streams.
var plain = Traffic{
	Peak: 10, Streamed: 0.4, LargestClient: 0.5, Ramp: time.Minute,
	InOnePiece: costs.Request{BytesOut: 1e6, TokensIn: 100, TokensOut: 24, ModelSeconds: 2},
	Stream:     costs.Request{BytesOut: 10e6, TokensIn: 100, TokensOut: 2000, ModelSeconds: 30},
}

const plainDay = 864_000

func TestBusiestSecond(t *testing.T) {
	m := plain.Busiest(plainDay)
	assert.InDelta(t, 100, m.Requests(), 1e-9)
	assert.InDelta(t, 40, m.Streamed, 1e-9)
	assert.InDelta(t, 40*30, m.StreamedOpen, 1e-9, "a stream is open for as long as the model takes")
	assert.InDelta(t, 40*30+60*2, m.Open(), 1e-9)
	assert.InDelta(t, 10, plain.Average(plainDay).Requests(), 1e-9)
}

func TestUses(t *testing.T) {
	s := settings(t, map[string]string{"modelMaxTokens": "1024", "wafEnabled": "true", "wafRateWindow": "2m"})
	for name, test := range map[string]struct {
		use  func(day) float64
		want float64
	}{
		"client at once":      {useOfClientAtOnce, 0.5 * (40*30 + 60*2)},
		"client per minute":   {useOfClientPerMinute, 0.5 * 60 * 100},
		"client's item":       {useOfClientItem, 0.5 * 2 * 100},
		"table":               {useOfTable, 3 * 100},
		"address":             {useOfAddress, 0.5 * 120 * 100},
		"route of the model":  {useOfModelRoute, 60},
		"route of streams":    {useOfStreamRoute, 40},
		"requests":            {useOfRequests, 100},
		"executions":          {useOfExecutions, 1320},
		"model's executions":  {useOfModelExecutions, 120},
		"stream's executions": {useOfStreamExecutions, 1200},
		// From 120 open streams to 1,200 in a minute.
		"scaling": {useOfScaling, 180},
		// In one piece, 1,000 of max_tokens are not used, and reserved for two seconds. A stream
		// uses more than max_tokens of this test, and reserves nothing beside it.
		"tokens":    {useOfTokens, 60*60*124 + 120*1000 + 60*40*2100},
		"bandwidth": {useOfBandwidth, 8 * (60*1e6 + 40*10e6) / 1e9},
	} {
		t.Run(name, func(t *testing.T) {
			assert.InDelta(t, test.want, test.use(day{s, plain, plainDay}), 1e-6)
			assert.InDelta(t, test.want/10, test.use(day{s, plain, plainDay / 10}), 1e-6, "in proportion to the load")
		})
	}
}

func shorts(all []Met) []string {
	var names []string
	for _, q := range all {
		names = append(names, q.Short)
	}
	return names
}

func TestQuotasAreThoseOfTheSettings(t *testing.T) {
	all := shorts(Quotas(settings(t, nil), plain))
	assert.Contains(t, all, "one client's `RPM`")
	assert.Contains(t, all, "Bedrock's tokens a minute")
	assert.Contains(t, all, "Lambda@Edge's requests")
	assert.NotContains(t, all, "`wafRateLimit`")
	assert.NotContains(t, all, "`streamingReservedConcurrency`")

	all = shorts(Quotas(settings(t, map[string]string{
		"clientAccess": "open", "originFunctionEnabled": "false", "wafEnabled": "true", "streamingReservedConcurrency": "100", "modelReservedConcurrency": "50",
		"modelBackend": "openai", "modelId": "llama", "modelBaseUrl": "https://model.example.com/v1", "modelPrices": `["llama=0/0"]`,
	}), plain))
	for _, absent := range []string{"one client's `RPM`", "one client's `PARALLEL`", "writes to the table", "Bedrock's tokens a minute", "Lambda@Edge's requests"} {
		assert.NotContains(t, all, absent)
	}
	for _, present := range []string{"`wafRateLimit`", "`streamingReservedConcurrency`", "`modelReservedConcurrency`"} {
		assert.Contains(t, all, present)
	}

	all = shorts(Quotas(settings(t, map[string]string{"streamingEnabled": "false"}), plain))
	assert.NotContains(t, all, "`throttleRate` of streams")
}

func TestQuotasAreInTheOrderOfTheLoad(t *testing.T) {
	all := Quotas(settings(t, map[string]string{"throttleRate": "30"}), plain)
	for i := range all[1:] {
		assert.LessOrEqual(t, all[i].PerDay, all[i+1].PerDay)
	}
	for _, q := range all {
		assert.InDelta(t, q.Limit, q.Use(q.PerDay), 1e-6, q.Name)
		if q.Short == "`throttleRate`" {
			assert.InDelta(t, plainDay/2, q.PerDay, 1e-6, "half of the day's 60 a second")
			assert.InDelta(t, 60, q.Use(plainDay), 1e-6)
		}
	}
	met := Between(all, 0, plainDay/2)
	require.NotEmpty(t, met)
	assert.LessOrEqual(t, met[len(met)-1].PerDay, float64(plainDay/2))
	assert.Empty(t, Between(all, met[len(met)-1].PerDay, met[len(met)-1].PerDay))
}

func TestGuesses(t *testing.T) {
	s := settings(t, map[string]string{"throttleRate": "1000", "throttleBurst": "300", "keyRefetchPeriod": "20s"})
	// Two APIs, 5 ms for each decision: ten copies, each of which reads every 20 seconds.
	assert.Equal(t, Guesses{Copies: 10, Reads: 0.5}, Steady(s))
	assert.Equal(t, Guesses{Copies: 600, Reads: 600}, Burst(s))

	s = settings(t, map[string]string{"throttleBurst": "2000"})
	assert.Equal(t, Guesses{Copies: 1000, Reads: 1000}, Burst(s), "no more copies than executions")

	s = settings(t, map[string]string{"throttleRate": "1000", "streamingEnabled": "false"})
	assert.InDelta(t, 5, Steady(s).Copies, 0)
}

// Each limit shows to an operator when it is met, and each number has its page.
func TestEachQuotaIsDescribed(t *testing.T) {
	for _, q := range append(append([]Quota{}, own...), aws...) {
		assert.NotEmpty(t, q.Short, q.Name)
		assert.NotEmpty(t, q.Unit, q.Name)
		assert.Regexp(t, `\d{3}|slower`, q.Beyond, q.Name)
		assert.NotEmpty(t, q.Do, q.Name)
		assert.NotEmpty(t, q.Raise, q.Name)
		assert.True(t, len(q.Alarms) > 0 || q.Seen != "", "%s: neither an alarm nor another place shows it", q.Name)
	}
	for _, q := range aws {
		assert.NotEmpty(t, q.Source.Title, q.Name)
		assert.Regexp(t, `^https://docs\.aws\.amazon\.com/`, q.Source.URL, q.Name)
	}
	_, err := time.Parse(time.DateOnly, asOf)
	require.NoError(t, err)
}

func TestTables(t *testing.T) {
	all := []Met{{
		Quota: Quota{
			Name: "Requests of X", Short: "X", Unit: "requests", Beyond: "429", Alarms: []string{"api-slow"}, Do: "raise X", Raise: "a setting",
			Source: Source{Title: "Page", URL: "https://example.com", Check: true},
		},
		Limit: 1000, PerDay: 123_456,
	}}
	assert.Equal(t, `| quota | default | met by a day of | response beyond it | alarm |
|---|---|---:|---|---|
| Requests of X | 1 000 requests | 120 000 | 429 | [api-slow](runbook.md#api-slow) |
`, Table(all))
	assert.Contains(t, Raises(all), "| Requests of X | a setting | [Page](https://example.com); check in Service Quotas |\n")
	assert.Contains(t, Uses(all), "| X | < 1% | 8% | 81% | **810%** | **81×** | **810×** | **8 100×** |\n")

	summary, err := Summary(all, plain, func(r costs.Requests) (float64, error) { return r.InOnePiece + r.Streamed, nil })
	require.NoError(t, err)
	assert.Contains(t, summary, "| 100 000 | 11.6 | 139 | none | nothing | 3 041 667 |\n")
	assert.Contains(t, summary, "| 1 000 000 | 116 | 1 389 | X | raise X | 30 416 667 |\n")
	assert.Contains(t, summary, "| 10 000 000 | 1 157 | 13 889 | none | nothing |", "what was met before isn't repeated")
}

func TestNumbers(t *testing.T) {
	assert.Equal(t, "none, the dashboard", alarms(nil, "the dashboard"))
	assert.Equal(t, "< 0.1", amount(0.02))
	assert.Equal(t, "0.6", amount(0.58))
	assert.Equal(t, "0", amount(0))
	assert.InDelta(t, 1.3e6, round(1_309_090), 1e-6)
	assert.Equal(t, "this stack", Source{}.String())
}
