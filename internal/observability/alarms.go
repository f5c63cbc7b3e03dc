package observability

import (
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

// The bounds of the alarms. They are wide: people stop reading an alarm that often fires
// without a reason.
const (
	errorPercent = 5  // of requests, with a response of 5xx; of streams, cut by an error
	fewRequests  = 20 // in a period; among fewer, one error would be a large share
	slow         = 25 * time.Second
	manyDenials  = 100 // in a period

	period        = 5 * time.Minute
	targetsPeriod = time.Minute
)

// alarms returns the alarms on requests. CloudFront has none: its metrics are in
// us-east-1, from where an alarm can't notify a topic of another region. The rotator
// sends a request through CloudFront at each step, and reports when it gets no response
// (rotation-failed-checks).
func (a *Args) alarms() []alerting.Alarm {
	all := []alerting.Alarm{
		{
			Name:        "api-errors",
			Description: fmt.Sprintf("More than %d%% of requests got a response of 5xx, for ten minutes of fifteen.", errorPercent),
			Expression:  percentOf("requests", "errors"),
			Metrics: map[string]alerting.Metric{
				"requests": a.ofAPI("Count", "Sum"),
				"errors":   a.ofAPI("5xx", "Sum"),
			},
			Bound: errorPercent,
		},
		{
			Name:        "api-slow",
			Description: fmt.Sprintf("One in twenty responses takes more than %s, for ten minutes of fifteen. After 30s, the API times out.", slow),
			Metric:      a.ofAPI("Latency", "p95"),
			Bound:       float64(slow.Milliseconds()),
		},
		{
			Name:        "api-denials",
			Description: fmt.Sprintf("The API rejected more than %d requests in five minutes, twice in fifteen: a client bypasses CloudFront, or CloudFront's key is rejected.", manyDenials),
			Metric:      a.ofStack(metrics.Denials, "Sum"),
			Bound:       manyDenials,
		},
		{
			Name:        "authorizer-errors",
			Description: "The authorizer could not decide. Those requests got a response of 500.",
			Metric:      ofFunction(a.Functions.Authorizer, "Errors", "Sum"),
		},
		{
			Name:        "model-errors",
			Description: "The model's function crashed or timed out. Those requests got a response of 5xx.",
			Metric:      ofFunction(a.Functions.Model, "Errors", "Sum"),
		},
		{
			Name:        "functions-throttled",
			Description: "Lambda throttled a function: the account reached its limit of concurrent executions.",
			Expression:  "FILL(authorizer, 0) + FILL(model, 0)",
			Metrics: map[string]alerting.Metric{
				"authorizer": ofFunction(a.Functions.Authorizer, "Throttles", "Sum"),
				"model":      ofFunction(a.Functions.Model, "Throttles", "Sum"),
			},
		},
	}
	if a.Streaming != nil {
		all = append(all, a.streamingAlarms()...)
	}
	for i := range all {
		all[i].Period, all[i].Periods, all[i].Breaching = period, 3, 2
	}
	if a.Clients {
		all = append(all, a.clientAlarms()...)
	}
	if a.LoadBalancer != nil {
		all = append(all, alerting.Alarm{
			Name:        "private-model-away",
			Description: "No target of the private model is healthy.",
			Metric:      a.LoadBalancer.ofTargets("HealthyHostCount", "Maximum"),
			Bound:       1, Below: true, NotifyMissing: true,
			Period: targetsPeriod, Periods: 3, Breaching: 3,
		})
	}
	return all
}

// streamingAlarms returns the alarms on streamed responses. None is on their duration: the
// latency of the REST API, the duration of its function and the time of a stream are as
// long as the response is.
func (a *Args) streamingAlarms() []alerting.Alarm {
	return []alerting.Alarm{
		{
			Name:        "streaming-errors",
			Description: fmt.Sprintf("More than %d%% of requests to the streaming API got a response of 5xx, for ten minutes of fifteen.", errorPercent),
			Expression:  percentOf("requests", "errors"),
			Metrics: map[string]alerting.Metric{
				"requests": a.Streaming.of("Count", "Sum"),
				"errors":   a.Streaming.of("5XXError", "Sum"),
			},
			Bound: errorPercent,
		},
		{
			Name:        "streams-cut",
			Description: fmt.Sprintf("More than %d%% of streamed responses ended with an error after they had begun, for ten minutes of fifteen. Their status is 200 all the same.", errorPercent),
			Expression:  percentOf("streams", "cut"),
			Metrics: map[string]alerting.Metric{
				"streams": a.ofStack(metrics.StreamSeconds, "SampleCount"),
				"cut":     a.ofStack(metrics.StreamsCut, "Sum"),
			},
			Bound: errorPercent,
		},
		{
			Name:        "streaming-function-errors",
			Description: "The function that streams crashed or timed out. Those responses broke off, or were 5xx.",
			Metric:      ofFunction(a.Streaming.Function, "Errors", "Sum"),
		},
		{
			Name:        "streams-throttled",
			Description: "Lambda throttled the function that streams: as many streams are open as streamingReservedConcurrency or the account allows.",
			Metric:      ofFunction(a.Streaming.Function, "Throttles", "Sum"),
		},
	}
}

// percentOf returns the expression for a part of a whole in percent. It is zero while the
// whole is small.
func percentOf(whole, part string) string {
	return fmt.Sprintf("IF(%[1]s >= %[2]d, 100 * FILL(%[3]s, 0) / %[1]s, 0)", whole, fewRequests, part)
}
