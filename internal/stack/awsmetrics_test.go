package stack_test

import (
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

// knownMetrics lists the existing metrics, by namespace and name, with the sets of
// dimensions that each has: with a dimension too many or too few, CloudWatch finds no
// data and reports no error. AWS's metrics are from its guides ("Monitoring … with
// CloudWatch"): of HTTP and REST APIs without detailed metrics, and of CloudFront's web
// ACLs. Both kinds of API share a namespace, with other names for errors and the API.
var knownMetrics = map[string]map[string][]string{
	"AWS/ApiGateway": merged(
		of([]string{"ApiId", "ApiId Stage"}, "4xx", "5xx", "DataProcessed"),
		of([]string{"ApiName", "ApiName Stage"}, "4XXError", "5XXError", "CacheHitCount", "CacheMissCount"),
		of([]string{"ApiId", "ApiId Stage", "ApiName", "ApiName Stage"}, "Count", "IntegrationLatency", "Latency"),
	),
	"AWS/CloudFront": of([]string{"DistributionId Region"},
		"4xxErrorRate", "5xxErrorRate", "BytesDownloaded", "BytesUploaded", "Requests", "TotalErrorRate"),
	"AWS/Lambda": of([]string{"FunctionName", "FunctionName Resource"},
		"AsyncEventsDropped", "AsyncEventsReceived", "ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"),
	"AWS/SQS": of([]string{"QueueName"},
		"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent"),
	"AWS/WAFV2": of([]string{"Rule WebACL"}, "AllowedRequests", "BlockedRequests", "CountedRequests"),
	"AWS/ApplicationELB": merged(
		of([]string{"LoadBalancer TargetGroup", "AvailabilityZone LoadBalancer TargetGroup"}, "HealthyHostCount", "UnHealthyHostCount"),
		of([]string{"LoadBalancer", "LoadBalancer TargetGroup"}, "HTTPCode_Target_5XX_Count", "RequestCount", "TargetResponseTime"),
		of([]string{"LoadBalancer"}, "HTTPCode_ELB_5XX_Count"),
	),
	metrics.Namespace: merged(
		of([]string{metrics.StackDimension},
			metrics.KeyAge, metrics.KeyringSize, metrics.Steps, metrics.Duration, metrics.DeployingFor, metrics.Repairs, metrics.FailedChecks, metrics.Failures,
			metrics.Requests, metrics.Denials, metrics.StreamsLeft,
			metrics.Spend, metrics.HoldExceeded, metrics.HoldsExpired, metrics.BudgetWarnings),
		of([]string{metrics.StackDimension, metrics.ErrorTypeDimension + " " + metrics.StackDimension}, metrics.Errors, metrics.StreamsCut),
		of([]string{metrics.StackDimension, metrics.ModelDimension + " " + metrics.StackDimension},
			metrics.ModelLatency, metrics.InputTokens, metrics.OutputTokens, metrics.FirstToken, metrics.StreamSeconds),
	),
}

// of returns metrics that have the same sets of dimensions, each of sorted names.
func of(dimensions []string, names ...string) map[string][]string {
	all := map[string][]string{}
	for _, name := range names {
		all[name] = dimensions
	}
	return all
}

func merged(parts ...map[string][]string) map[string][]string {
	all := map[string][]string{}
	for _, part := range parts {
		for name, dimensions := range part {
			all[name] = dimensions
		}
	}
	return all
}
