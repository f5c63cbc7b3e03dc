package observability

import (
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

// The bounds of the alarms. They are wide: an alarm that often says nothing is not
// read when it says something.
const (
	errorPercent = 5  // of requests, answered with 5xx
	fewRequests  = 20 // in a period; among fewer, one error is no share
	slow         = 25 * time.Second
	manyDenials  = 100 // in a period

	period        = 5 * time.Minute
	targetsPeriod = time.Minute
)

// alarms are about requests. CloudFront has none: its metrics are in us-east-1, from
// where an alarm can tell no topic of another region. The rotator asks through
// CloudFront at each step, and says when it gets no answer (rotation-failed-checks).
func (a *Args) alarms() []alerting.Alarm {
	all := []alerting.Alarm{
		{
			Name:        "api-errors",
			Description: fmt.Sprintf("More than %d%% of requests were answered with 5xx, for ten minutes of fifteen.", errorPercent),
			Expression:  fmt.Sprintf("IF(requests >= %d, 100 * FILL(errors, 0) / requests, 0)", fewRequests),
			Metrics: map[string]alerting.Metric{
				"requests": a.ofAPI("Count", "Sum"),
				"errors":   a.ofAPI("5xx", "Sum"),
			},
			Bound: errorPercent,
		},
		{
			Name:        "api-slow",
			Description: fmt.Sprintf("One in twenty answers takes more than %s, for ten minutes of fifteen. After 30s, the API gives up.", slow),
			Metric:      a.ofAPI("Latency", "p95"),
			Bound:       float64(slow.Milliseconds()),
		},
		{
			Name:        "api-denials",
			Description: fmt.Sprintf("The API refused more than %d requests in five minutes, twice in fifteen: somebody goes around CloudFront, or CloudFront's key is refused.", manyDenials),
			Metric:      a.ofStack(metrics.Denials, "Sum"),
			Bound:       manyDenials,
		},
		{
			Name:        "authorizer-errors",
			Description: "The authorizer could not decide. Those requests were answered with 500.",
			Metric:      ofFunction(a.Functions.Authorizer, "Errors", "Sum"),
		},
		{
			Name:        "model-errors",
			Description: "The model's function broke off or took too long. Those requests were answered with 5xx.",
			Metric:      ofFunction(a.Functions.Model, "Errors", "Sum"),
		},
		{
			Name:        "functions-throttled",
			Description: "Lambda refused to run a function: the account runs as many as it may.",
			Expression:  "FILL(authorizer, 0) + FILL(model, 0)",
			Metrics: map[string]alerting.Metric{
				"authorizer": ofFunction(a.Functions.Authorizer, "Throttles", "Sum"),
				"model":      ofFunction(a.Functions.Model, "Throttles", "Sum"),
			},
		},
	}
	for i := range all {
		all[i].Period, all[i].Periods, all[i].Breaching = period, 3, 2
	}
	if a.Private != nil {
		all = append(all, alerting.Alarm{
			Name:        "private-model-away",
			Description: "No target of the private model is healthy.",
			Metric:      a.Private.ofTargets("HealthyHostCount", "Maximum"),
			Bound:       1, Below: true, NotifyMissing: true,
			Period: targetsPeriod, Periods: 3, Breaching: 3,
		})
	}
	return all
}
