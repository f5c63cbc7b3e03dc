package scale

import (
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/config"
)

func hasClients(s config.Settings) bool { return s.Clients.Enabled() }

func streams(s config.Settings) bool { return s.Streaming.Enabled }

// own lists the limits that the stack's settings and its clients' policies set. They are
// there to be met: each keeps one sender, or one route, from what all share.
var own = []Quota{
	{
		Name: "`PARALLEL` of a client, at its highest", Short: "one client's `PARALLEL`", Unit: "requests at once",
		Beyond: "429 `too_many_at_once`, `Retry-After: 2`", Seen: "*Refused requests by code* on the dashboard",
		Do:      "make several clients of the largest",
		Raise:   "`make client-set PARALLEL=`, 10 unless set. The highest keeps the client's item within one write unit",
		limit:   fixed(client.MaxAtOnce),
		use:     useOfClientAtOnce,
		enabled: hasClients,
	},
	{
		Name: "`RPM` of a client, at its highest", Short: "one client's `RPM`", Unit: "requests a minute",
		Beyond: "429 `client_rate_exceeded`, `Retry-After`", Seen: "*Refused requests by code* on the dashboard",
		Do:      "make several clients of the largest",
		Raise:   "`make client-set RPM=`, 60 unless set. The highest keeps the client's item below the writes of a partition",
		limit:   fixed(client.MaxPerMinute),
		use:     useOfClientPerMinute,
		enabled: hasClients,
	},
	{
		Name: "`wafRateLimit`", Short: "`wafRateLimit`", Unit: "requests of an address in `wafRateWindow`",
		Beyond: "429, `Retry-After: 60`", Seen: "the firewall's blocked requests on the dashboard",
		Do:      "raise `wafRateLimit`, or let the largest client send from several addresses",
		Raise:   "the setting",
		limit:   func(s config.Settings) float64 { return float64(s.Firewall.RateLimit) },
		use:     useOfAddress,
		enabled: func(s config.Settings) bool { return s.Firewall.Enabled },
	},
	{
		Name: "`throttleRate`, `POST /api/models`", Short: "`throttleRate`", Unit: "requests a second",
		Beyond: "429 of API Gateway's own form", Seen: "4xx in *Errors by hop* on the dashboard",
		Do:    "raise `throttleRate` and `throttleBurst`",
		Raise: "the setting, up to the account's quota below",
		limit: throttleRate,
		use:   useOfModelRoute,
	},
	{
		Name: "`throttleRate`, `POST /api/chat/completions`", Short: "`throttleRate` of streams", Unit: "requests a second",
		Beyond: "429 `rate_limit_exceeded`, `Retry-After: 1`", Seen: "4xx in *Errors by hop* on the dashboard",
		Do:      "raise `throttleRate` and `throttleBurst`",
		Raise:   "the setting, up to the account's quota below",
		limit:   throttleRate,
		use:     useOfStreamRoute,
		enabled: streams,
	},
	{
		Name: "`streamingReservedConcurrency`", Short: "`streamingReservedConcurrency`", Unit: "streams at once",
		Beyond: "503 `model_unavailable`, `Retry-After: 1`", Alarms: []string{"streams-throttled", "streaming-errors"},
		Do:      "raise `streamingReservedConcurrency`",
		Raise:   "the setting, up to 100 below the account's concurrent executions",
		limit:   func(s config.Settings) float64 { return float64(s.Streaming.ReservedConcurrency) },
		use:     useOfStreamExecutions,
		enabled: func(s config.Settings) bool { return streams(s) && s.Streaming.ReservedConcurrency > 0 },
	},
	{
		Name: "`modelReservedConcurrency`", Short: "`modelReservedConcurrency`", Unit: "requests at once",
		Beyond: "500 or 503 of API Gateway's own form", Alarms: []string{"functions-throttled", "api-errors"},
		Do:      "raise `modelReservedConcurrency`",
		Raise:   "the setting, up to 100 below the account's concurrent executions",
		limit:   func(s config.Settings) float64 { return float64(s.Model.ReservedConcurrency) },
		use:     useOfModelExecutions,
		enabled: func(s config.Settings) bool { return s.Model.ReservedConcurrency > 0 },
	},
}

func throttleRate(s config.Settings) float64 { return float64(s.Gateway.ThrottleRate) }
