package observability

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

// The codes of problems about clients, which are a dimension of the metric of errors.
const (
	unavailableCode = "clients_unavailable"
	invalidKeyCode  = "invalid_api_key"
)

// manyInvalidKeys is the number of requests with an invalid key in a period beyond which
// keys are being guessed, or a client was not told of a rotation.
const manyInvalidKeys = 100

// clientAlarms returns the alarms on clients.
func (a *Args) clientAlarms() []alerting.Alarm {
	return []alerting.Alarm{
		{
			Name:        "clients-unavailable",
			Description: "The model's function could not read or write the table of clients. Those requests got a response of 503.",
			Metric:      a.ofErrors(unavailableCode),
			Period:      period, Periods: 3, Breaching: 2,
		},
		{
			Name: "client-holds-expired",
			Description: "A function died between admitting a request and settling it. The client was charged the most that the request might have cost, " +
				"and one of its requests at once was taken until then.",
			Metric: a.ofStack(metrics.HoldsExpired, "Sum"),
			Period: period, Periods: 3, Breaching: 1,
		},
		{
			Name:        "client-hold-exceeded",
			Description: "A request cost more than was held for it: a budget may be exceeded by that much. The bound on its tokens is wrong for the model.",
			Metric:      a.ofStack(metrics.HoldExceeded, "Sum"),
			Period:      period, Periods: 3, Breaching: 1,
		},
		{
			Name:        "client-keys-guessed",
			Description: fmt.Sprintf("More than %d requests in five minutes had an invalid key: keys are guessed, or a client was not told that its key has ended.", manyInvalidKeys),
			Metric:      a.ofErrors(invalidKeyCode),
			Bound:       manyInvalidKeys,
			Period:      period, Periods: 1, Breaching: 1,
		},
	}
}

// ofErrors returns the metric of the model function's errors with a code.
func (a *Args) ofErrors(code string) alerting.Metric {
	m := a.ofStack(metrics.Errors, "Sum")
	m.Dimensions = pulumi.StringMap{
		metrics.StackDimension:     pulumi.String(a.Deployment.Name),
		metrics.ErrorTypeDimension: pulumi.String(code),
	}
	return m
}

// clients shows what clients spend, and what they are refused. There is no metric by client,
// each of which would be billed: the saved queries have them.
func (a *Args) clients() section {
	region := a.Deployment.Region
	refusals := []line{}
	for _, code := range []string{
		"missing_credential", invalidKeyCode, "client_suspended", "client_rate_exceeded", "too_many_at_once", "budget_in_use", "insufficient_quota",
		unavailableCode,
	} {
		refusals = append(refusals, line{label: code, metric: a.ofErrors(code)})
	}
	return section{"## Clients", []graph{
		{title: "Spend", region: region, unit: "dollars", lines: []line{{label: "charged", metric: a.ofStack(metrics.Spend, "Sum")}}},
		{title: "Refused requests by code", region: region, unit: "requests", lines: refusals},
		{title: "Holds and budgets", region: region, unit: "requests", lines: []line{
			{label: "holds never settled", metric: a.ofStack(metrics.HoldsExpired, "Sum")},
			{label: "holds exceeded", metric: a.ofStack(metrics.HoldExceeded, "Sum")},
			{label: "budgets nearly used", metric: a.ofStack(metrics.BudgetWarnings, "Sum")},
		}},
	}}
}

// clientQueries returns the queries about clients, in the logs of the functions that serve
// the API.
func clientQueries(logs []pulumi.StringInput) []query {
	return []query{
		{"clients-spend", "clients/spend by client and day", logs, `filter ispresent(client) and ispresent(cost)
| stats sum(cost) as dollars, count(*) as requests by client, datefloor(@timestamp, 1d) as day
| sort day desc, dollars desc`},
		{"clients-keys", "clients/keys by last use", logs, `filter ispresent(key)
| stats latest(@timestamp) as last, count(*) as requests by client, key
| sort last desc`},
		{"clients-refused", "clients/refused requests by code", logs, `filter code in ["missing_credential", "invalid_api_key", "client_suspended", "client_rate_exceeded", "too_many_at_once", "budget_in_use", "insufficient_quota"]
| stats count(*) as requests, latest(@timestamp) as last by code, client
| sort requests desc`},
		{"clients-holds", "clients/requests charged their hold", logs, `fields @timestamp, client, model, hold, cost, code, requestId
| filter charged = "hold"
| sort @timestamp desc
| limit 200`},
	}
}
