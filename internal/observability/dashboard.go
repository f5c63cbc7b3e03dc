package observability

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

func (o *Observability) newDashboard(ctx *pulumi.Context, name string, args *Args) error {
	body := pulumi.JSONMarshal(map[string]any{"widgets": args.widgets()})
	dashboard, err := cloudwatch.NewDashboard(ctx, name+"-dashboard", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(args.Deployment.Name),
		DashboardBody: body,
	}, pulumi.Parent(o))
	if err != nil {
		return err
	}
	o.DashboardURL = pulumi.Sprintf("https://console.aws.amazon.com/cloudwatch/home?region=%s#dashboards/dashboard/%s",
		args.Deployment.Region, dashboard.DashboardName)
	return nil
}

func (a *Args) widgets() []any {
	const headHeight, alarmsHeight = 2, 4
	head := fmt.Sprintf("# %s\nRequests from CloudFront to the models, hop by hop. If an alarm is red, see [the runbook](%s).", a.Deployment.Name, a.RunbookURL)
	widgets := []any{
		text(head, 0, headHeight),
		map[string]any{
			"type": "alarm", "x": 0, "y": headHeight, "width": gridWidth, "height": alarmsHeight,
			"properties": map[string]any{"title": "Alarms", "alarms": a.alarmARNs()},
		},
	}
	return append(widgets, grid(a.sections(), headHeight+alarmsHeight)...)
}

func (a *Args) alarmARNs() []string {
	names := a.Alarms
	for _, own := range a.alarms() {
		names = append(names, own.Name)
	}
	var arns []string
	for _, name := range names {
		arns = append(arns, alerting.ARN(a.Deployment, name))
	}
	return arns
}

func (a *Args) sections() []section {
	sections := []section{a.requests(), a.errors(), a.times(), a.models()}
	if a.Streaming != nil {
		sections = append(sections, a.streams(), a.streamingAPI())
	}
	if a.Clients {
		sections = append(sections, a.clients())
	}
	sections = append(sections, a.rotation())
	if a.LoadBalancer != nil {
		sections = append(sections, a.private())
	}
	return sections
}

func (a *Args) requests() section {
	atTheEdge := []line{{label: "requests", metric: a.ofDistribution("Requests", "Sum")}}
	if a.Firewall != "" {
		atTheEdge = append(atTheEdge, line{label: "blocked by the firewall", metric: a.ofFirewall("BlockedRequests", "Sum")})
	}
	return section{"## Requests", []graph{
		{title: "CloudFront", region: config.GlobalRegion, unit: "requests", lines: atTheEdge},
		{title: "API", region: a.Deployment.Region, unit: "requests", lines: []line{
			{label: "requests", metric: a.ofAPI("Count", "Sum")},
			{label: "rejected: no key, or a wrong one", metric: a.ofStack(metrics.Denials, "Sum")},
		}},
		{title: "Functions", region: a.Deployment.Region, unit: "invocations", lines: []line{
			{label: "authorizer", metric: ofFunction(a.Functions.Authorizer, "Invocations", "Sum")},
			{label: "model", metric: ofFunction(a.Functions.Model, "Invocations", "Sum")},
		}},
	}}
}

func (a *Args) errors() section {
	return section{"## Errors by hop", []graph{
		{title: "CloudFront", region: config.GlobalRegion, unit: "% of requests", lines: []line{
			{label: "4xx", metric: a.ofDistribution("4xxErrorRate", "Average")},
			{label: "5xx", metric: a.ofDistribution("5xxErrorRate", "Average")},
		}},
		{title: "API", region: a.Deployment.Region, unit: "requests", lines: []line{
			{label: "4xx", metric: a.ofAPI("4xx", "Sum")},
			{label: "5xx", metric: a.ofAPI("5xx", "Sum")},
		}},
		{title: "Functions", region: a.Deployment.Region, unit: "invocations", lines: []line{
			{label: "authorizer failed", metric: ofFunction(a.Functions.Authorizer, "Errors", "Sum")},
			{label: "model failed", metric: ofFunction(a.Functions.Model, "Errors", "Sum")},
			{label: "authorizer throttled", metric: ofFunction(a.Functions.Authorizer, "Throttles", "Sum")},
			{label: "model throttled", metric: ofFunction(a.Functions.Model, "Throttles", "Sum")},
		}},
	}}
}

func (a *Args) times() section {
	return section{"## Times", []graph{
		{title: "API, in total", region: a.Deployment.Region, unit: "ms", lines: percentiles(func(p string) alerting.Metric { return a.ofAPI("Latency", p) }), bound: float64(slow.Milliseconds())},
		{title: "Integrations of the API", region: a.Deployment.Region, unit: "ms", lines: percentiles(func(p string) alerting.Metric { return a.ofAPI("IntegrationLatency", p) })},
		{title: "Authorizer", region: a.Deployment.Region, unit: "ms", lines: percentiles(func(p string) alerting.Metric { return ofFunction(a.Functions.Authorizer, "Duration", p) })},
	}}
}

func (a *Args) models() section {
	byType := fmt.Sprintf(`SEARCH('{%s,%s,%s} MetricName="%s" %s="%s"', 'Sum')`,
		metrics.Namespace, metrics.StackDimension, metrics.ErrorTypeDimension, metrics.Errors, metrics.StackDimension, a.Deployment.Name)
	return section{"## Models behind `POST /api/models`", []graph{
		{title: "The model's time", region: a.Deployment.Region, unit: "s", lines: percentiles(func(p string) alerting.Metric { return a.ofStack(metrics.ModelLatency, p) })},
		{title: "Tokens", region: a.Deployment.Region, unit: "tokens", lines: []line{
			{label: "in", metric: a.ofStack(metrics.InputTokens, "Sum")},
			{label: "out", metric: a.ofStack(metrics.OutputTokens, "Sum")},
		}},
		{title: "Errors by type", region: a.Deployment.Region, unit: "requests", lines: []line{
			{search: pulumi.String(byType)},
		}},
	}}
}

func (a *Args) streams() section {
	s := a.Streaming
	return section{"## Streams of `POST /api/chat/completions`", []graph{
		{title: "First token", region: a.Deployment.Region, unit: "s", lines: percentiles(func(p string) alerting.Metric { return a.ofStack(metrics.FirstToken, p) })},
		{title: "Until the end", region: a.Deployment.Region, unit: "s", lines: percentiles(func(p string) alerting.Metric { return a.ofStack(metrics.StreamSeconds, p) })},
		{title: "Streams", region: a.Deployment.Region, unit: "streams", lines: []line{
			{label: "streams", metric: a.ofStack(metrics.StreamSeconds, "SampleCount")},
			{label: "cut by an error", metric: a.ofStack(metrics.StreamsCut, "Sum")},
			{label: "left by the client", metric: a.ofStack(metrics.StreamsLeft, "Sum")},
		}},
		{title: "Open at the same time", region: a.Deployment.Region, unit: "executions", lines: []line{
			{label: "streams", metric: ofFunction(s.Function, "ConcurrentExecutions", "Maximum")},
			{label: "throttled", metric: ofFunction(s.Function, "Throttles", "Sum")},
		}},
	}}
}

// streamingAPI shows the REST API. It has no graph of its latency, which is the length of
// the responses. Beside the requests are those that reached the function: API Gateway
// answered the others itself, since it has no metric for those that it rejects.
func (a *Args) streamingAPI() section {
	s := a.Streaming
	return section{"## The API that streams", []graph{
		{title: "Streaming API", region: a.Deployment.Region, unit: "requests", lines: []line{
			{label: "requests", metric: s.of("Count", "Sum")},
			{label: "accepted", metric: ofFunction(s.Function, "Invocations", "Sum")},
		}},
		{title: "Errors", region: a.Deployment.Region, unit: "requests", lines: []line{
			{label: "4xx", metric: s.of("4XXError", "Sum")},
			{label: "5xx", metric: s.of("5XXError", "Sum")},
			{label: "function failed", metric: ofFunction(s.Function, "Errors", "Sum")},
		}},
	}}
}

func (a *Args) rotation() section {
	return section{"## The origin key", []graph{
		{title: "Age of the key in use", region: a.Deployment.Region, unit: "s", bound: a.OldestKey.Seconds(), lines: []line{
			{label: "age", metric: a.ofStack(metrics.KeyAge, "Maximum")},
		}},
		{title: "Steps", region: a.Deployment.Region, unit: "steps", lines: []line{
			{label: "steps", metric: a.ofStack(metrics.Steps, "Sum")},
			{label: "keys in the keyring", metric: a.ofStack(metrics.KeyringSize, "Maximum")},
			{label: "repairs", metric: a.ofStack(metrics.Repairs, "Sum")},
		}},
		{title: "Time in deployment of CloudFront", region: a.Deployment.Region, unit: "s", bound: a.LongestDeployment.Seconds(), lines: []line{
			{label: "deploying for", metric: a.ofStack(metrics.DeployingFor, "Maximum")},
		}},
		{title: "Failures", region: a.Deployment.Region, unit: "runs", lines: []line{
			{label: "failed runs", metric: a.ofStack(metrics.Failures, "Sum")},
			{label: "failed checks", metric: a.ofStack(metrics.FailedChecks, "Sum")},
		}},
	}}
}

func (a *Args) private() section {
	p := a.LoadBalancer
	return section{"## The private model", []graph{
		{title: "Targets", region: a.Deployment.Region, unit: "targets", lines: []line{
			{label: "healthy", metric: p.ofTargets("HealthyHostCount", "Minimum")},
			{label: "unhealthy", metric: p.ofTargets("UnHealthyHostCount", "Maximum")},
		}},
		{title: "Responses", region: a.Deployment.Region, unit: "requests", lines: []line{
			{label: "requests", metric: p.ofLoadBalancer("RequestCount", "Sum")},
			{label: "5xx of the load balancer", metric: p.ofLoadBalancer("HTTPCode_ELB_5XX_Count", "Sum")},
			{label: "5xx of targets", metric: p.ofLoadBalancer("HTTPCode_Target_5XX_Count", "Sum")},
		}},
		{title: "The targets' time", region: a.Deployment.Region, unit: "s", lines: percentiles(func(percentile string) alerting.Metric { return p.ofTargets("TargetResponseTime", percentile) })},
	}}
}

// percentiles returns the usual three lines of a graph of times.
func percentiles(of func(statistic string) alerting.Metric) []line {
	var lines []line
	for _, percentile := range []string{"p50", "p95", "p99"} {
		lines = append(lines, line{label: percentile, metric: of(percentile)})
	}
	return lines
}
