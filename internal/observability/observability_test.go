package observability_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/observability"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const (
	alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm"
	topicARN  = "arn:aws:mock:::Topic/alerting-topic"
)

func run(t *testing.T, change func(*observability.Args)) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		d := pulumitest.Deployment(t)
		notifier, err := alerting.New(ctx, "alerting", &alerting.Args{Deployment: d, RunbookURL: "https://runbook.example"})
		if err != nil {
			return err
		}
		args := &observability.Args{
			Deployment:     d,
			Notifier:       notifier,
			RunbookURL:     "https://runbook.example",
			Alarms:         []string{"rotation-errors"},
			DistributionID: pulumi.String("E1"),
			API:            observability.API{ID: pulumi.String("abc"), Stage: "$default", AccessLog: pulumi.String("/access")},
			Functions: observability.Functions{
				Authorizer: pulumi.String("the-authorizer"), Model: pulumi.String("the-model"), Rotator: pulumi.String("the-rotator"),
			},
			OldestKey:         12 * time.Hour,
			LongestDeployment: 15 * time.Minute,
		}
		change(args)
		_, err = observability.New(ctx, "watch", args)
		return err
	})
}

func withoutNetwork(*observability.Args) {}

func withNetwork(args *observability.Args) {
	args.FlowLogs = pulumi.String("/flow-logs")
	args.LoadBalancer = &observability.LoadBalancer{
		LoadBalancerARN: pulumi.String("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/balancer/50dc6c495c0c9188"),
		TargetGroupARN:  pulumi.String("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/targets/73e2d6bc24d8a067"),
	}
}

func withStreaming(args *observability.Args) {
	withNetwork(args)
	args.Streaming = &observability.Streaming{APIName: pulumi.String("the-stream-api"), Stage: "live", Function: pulumi.String("the-stream")}
}

func withClients(args *observability.Args) {
	withStreaming(args)
	args.Clients = true
}

// widget decodes a widget of a dashboard's body.
type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, Region, Markdown string
		Metrics                 [][]any
		Alarms                  []string
		Annotations             struct{ Horizontal []struct{ Value float64 } }
	}
}

func widgets(t *testing.T, recorder *pulumitest.Recorder) []widget {
	t.Helper()
	var body struct{ Widgets []widget }
	require.NoError(t, json.Unmarshal([]byte(recorder.Only(t, "aws:cloudwatch/dashboard:Dashboard").Text("dashboardBody")), &body))
	require.NotEmpty(t, body.Widgets)
	return body.Widgets
}

func TestWidgetsFillGridWithoutOverlap(t *testing.T) {
	for _, change := range []func(*observability.Args){withoutNetwork, withNetwork, withStreaming, withClients} {
		occupied := map[[2]int]string{}
		for _, w := range widgets(t, run(t, change)) {
			name := w.Properties.Title + w.Properties.Markdown
			assert.LessOrEqual(t, w.X+w.Width, 24, name)
			for x := w.X; x < w.X+w.Width; x++ {
				for y := w.Y; y < w.Y+w.Height; y++ {
					assert.Empty(t, occupied[[2]int{x, y}], "%s overlaps", name)
					occupied[[2]int{x, y}] = name
				}
			}
		}
		for cell := range occupied {
			if cell[1] > 0 {
				assert.Contains(t, occupied, [2]int{cell[0], cell[1] - 1}, "there is a gap above %v", cell)
			}
		}
	}
}

// sources returns the dashboard's metrics as "region: namespace name dimension=value …".
func sources(t *testing.T, recorder *pulumitest.Recorder) []string {
	t.Helper()
	var all []string
	for _, w := range widgets(t, recorder) {
		for _, metric := range w.Properties.Metrics {
			var words []string
			for _, part := range metric {
				if word, ok := part.(string); ok {
					words = append(words, word)
				} else if options, ok := part.(map[string]any); ok && options["expression"] != nil {
					words = append(words, options["expression"].(string))
				}
			}
			all = append(all, w.Properties.Region+": "+strings.Join(words, " "))
		}
	}
	return all
}

func TestDashboardShowsEveryHop(t *testing.T) {
	found := sources(t, run(t, withNetwork))
	for _, want := range []string{
		"us-east-1: AWS/CloudFront Requests DistributionId E1 Region Global",
		"us-east-1: AWS/CloudFront 4xxErrorRate DistributionId E1 Region Global",
		"us-east-1: AWS/CloudFront 5xxErrorRate DistributionId E1 Region Global",
		"eu-west-1: AWS/ApiGateway Count ApiId abc Stage $default",
		"eu-west-1: AWS/ApiGateway 4xx ApiId abc Stage $default",
		"eu-west-1: AWS/ApiGateway 5xx ApiId abc Stage $default",
		"eu-west-1: Gatehouse Denials Stack gatehouse-test",
		"eu-west-1: AWS/Lambda Errors FunctionName the-authorizer",
		"eu-west-1: AWS/Lambda Errors FunctionName the-model",
		"eu-west-1: Gatehouse KeyAge Stack gatehouse-test",
		"eu-west-1: Gatehouse Steps Stack gatehouse-test",
		"eu-west-1: Gatehouse ModelLatency Stack gatehouse-test",
		"eu-west-1: Gatehouse InputTokens Stack gatehouse-test",
		"eu-west-1: Gatehouse OutputTokens Stack gatehouse-test",
		`eu-west-1: SEARCH('{Gatehouse,Stack,ErrorType} MetricName="Errors" Stack="gatehouse-test"', 'Sum')`,
		"eu-west-1: AWS/ApplicationELB HealthyHostCount LoadBalancer app/balancer/50dc6c495c0c9188 TargetGroup targetgroup/targets/73e2d6bc24d8a067",
		"eu-west-1: AWS/ApplicationELB HTTPCode_ELB_5XX_Count LoadBalancer app/balancer/50dc6c495c0c9188",
	} {
		assert.Contains(t, found, want)
	}
}

func TestDashboardShowsStreams(t *testing.T) {
	found := sources(t, run(t, withStreaming))
	for _, want := range []string{
		"eu-west-1: Gatehouse FirstToken Stack gatehouse-test",
		"eu-west-1: Gatehouse StreamSeconds Stack gatehouse-test",
		"eu-west-1: Gatehouse StreamsCut Stack gatehouse-test",
		"eu-west-1: Gatehouse StreamsLeft Stack gatehouse-test",
		"eu-west-1: AWS/Lambda ConcurrentExecutions FunctionName the-stream",
		"eu-west-1: AWS/Lambda Throttles FunctionName the-stream",
		"eu-west-1: AWS/ApiGateway Count ApiName the-stream-api Stage live",
		"eu-west-1: AWS/ApiGateway 5XXError ApiName the-stream-api Stage live",
	} {
		assert.Contains(t, found, want)
	}
}

func TestStreamsAreShownIfEnabled(t *testing.T) {
	recorder := run(t, withNetwork)
	for _, source := range sources(t, recorder) {
		assert.NotContains(t, source, "Stream")
		assert.NotContains(t, source, "ApiName")
	}
	for _, r := range recorder.All() {
		assert.NotContains(t, r.Name, "stream")
	}
}

// A stream takes as long as its response is, which says nothing about the API.
func TestNoAlarmFiresOnTheTimeOfStreams(t *testing.T) {
	for _, a := range run(t, withStreaming).OfType(alarmType) {
		metrics := []string{a.Text("metricName")}
		if queries := a.Input("metricQueries"); queries.IsArray() {
			for i := range queries.ArrayValue() {
				path := fmt.Sprintf("metricQueries[%d].metric.", i)
				if a.Text(path+"stat") == "SampleCount" {
					continue // a number of streams
				}
				metrics = append(metrics, a.Text(path+"metricName"))
			}
		}
		for _, metric := range metrics {
			assert.NotContains(t, []string{"StreamSeconds", "FirstToken", "ModelLatency", "Duration", "IntegrationLatency"}, metric, a.Name)
			if metric == "Latency" {
				assert.Equal(t, "abc", a.Text("dimensions.ApiId"), "only of the HTTP API, which streams nothing")
			}
		}
	}
}

func TestCutStreamsAreMeasuredAsPercentageOfStreams(t *testing.T) {
	a := run(t, withStreaming).Named(t, alarmType, "watch-streams-cut")
	assert.Equal(t, "IF(streams >= 20, 100 * FILL(cut, 0) / streams, 0)", a.Text("metricQueries[0].expression"))
	assert.Equal(t, "StreamsCut", a.Text("metricQueries[1].metric.metricName"))
	assert.Equal(t, "Sum", a.Text("metricQueries[1].metric.stat"))
	assert.Equal(t, "StreamSeconds", a.Text("metricQueries[2].metric.metricName"))
	assert.Equal(t, "SampleCount", a.Text("metricQueries[2].metric.stat"))
}

func TestClientsAreShownIfEnabled(t *testing.T) {
	for _, source := range sources(t, run(t, withStreaming)) {
		assert.NotContains(t, source, "Spend")
		assert.NotContains(t, source, "invalid_api_key")
	}
	found := sources(t, run(t, withClients))
	for _, want := range []string{
		"eu-west-1: Gatehouse Spend Stack gatehouse-test",
		"eu-west-1: Gatehouse HoldsExpired Stack gatehouse-test",
		"eu-west-1: Gatehouse Errors ErrorType insufficient_quota Stack gatehouse-test",
		"eu-west-1: Gatehouse Errors ErrorType invalid_api_key Stack gatehouse-test",
	} {
		assert.Contains(t, found, want)
	}
}

func TestAClientsExpiredHoldFiresAtOnce(t *testing.T) {
	for _, name := range []string{"client-holds-expired", "client-hold-exceeded"} {
		a := run(t, withClients).Named(t, alarmType, "watch-"+name)
		assert.InDelta(t, 1, a.Input("datapointsToAlarm").NumberValue(), 0)
		assert.InDelta(t, 0, a.Input("threshold").NumberValue(), 0)
		assert.Equal(t, "GreaterThanThreshold", a.Text("comparisonOperator"))
	}
	guessed := run(t, withClients).Named(t, alarmType, "watch-client-keys-guessed")
	assert.Equal(t, "invalid_api_key", guessed.Text("dimensions.ErrorType"))
	assert.InDelta(t, 100, guessed.Input("threshold").NumberValue(), 0)
}

func TestPrivateModelIsShownIfEnabled(t *testing.T) {
	recorder := run(t, withoutNetwork)
	for _, source := range sources(t, recorder) {
		assert.NotContains(t, source, "ApplicationELB")
	}
	for _, r := range recorder.All() {
		assert.NotContains(t, r.Name, "private-model")
		assert.NotContains(t, r.Name, "connections")
	}
}

func TestFirewallIsShownIfEnabled(t *testing.T) {
	for _, source := range sources(t, run(t, withoutNetwork)) {
		assert.NotContains(t, source, "WAFV2")
	}
	found := sources(t, run(t, func(args *observability.Args) { args.Firewall = "stack" }))
	assert.Contains(t, found, "us-east-1: AWS/WAFV2 BlockedRequests Rule ALL WebACL stack")
}

func TestDashboardHasEveryAlarm(t *testing.T) {
	recorder := run(t, withClients)
	want := []string{"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:gatehouse-test-rotation-errors"}
	for _, a := range recorder.OfType(alarmType) {
		want = append(want, "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:"+a.Text("name"))
	}
	var shown []string
	for _, w := range widgets(t, recorder) {
		shown = append(shown, w.Properties.Alarms...)
	}
	assert.ElementsMatch(t, want, shown)
}

func TestEveryAlarmNotifiesTheTopicAndLinksToItsRunbook(t *testing.T) {
	alarms := run(t, withClients).OfType(alarmType)
	assert.Len(t, alarms, 15)
	for _, a := range alarms {
		section := strings.TrimPrefix(a.Name, "watch-")
		assert.Equal(t, "gatehouse-test-"+section, a.Text("name"))
		assert.True(t, strings.HasSuffix(a.Text("alarmDescription"), " Runbook: https://runbook.example#"+section), a.Text("alarmDescription"))
		assert.Equal(t, topicARN, a.Text("alarmActions[0]"), a.Name)
		assert.Equal(t, topicARN, a.Text("okActions[0]"), a.Name)
		assert.LessOrEqual(t, a.Input("datapointsToAlarm").NumberValue(), a.Input("evaluationPeriods").NumberValue())
	}
}

func TestErrorsAreMeasuredAsPercentageOfRequests(t *testing.T) {
	a := run(t, withoutNetwork).Named(t, alarmType, "watch-api-errors")
	assert.InDelta(t, 5, a.Input("threshold").NumberValue(), 0)
	assert.Equal(t, "IF(requests >= 20, 100 * FILL(errors, 0) / requests, 0)", a.Text("metricQueries[0].expression"))
	assert.True(t, a.Input("metricQueries[0].returnData").BoolValue())
	assert.Equal(t, "errors", a.Text("metricQueries[1].id"))
	assert.Equal(t, "5xx", a.Text("metricQueries[1].metric.metricName"))
	assert.Equal(t, "requests", a.Text("metricQueries[2].id"))
	assert.Equal(t, "Count", a.Text("metricQueries[2].metric.metricName"))
}

func TestPercentilesAreExtendedStatistics(t *testing.T) {
	a := run(t, withoutNetwork).Named(t, alarmType, "watch-api-slow")
	assert.Equal(t, "p95", a.Text("extendedStatistic"))
	assert.True(t, a.Input("statistic").IsNull())
	assert.InDelta(t, 25_000, a.Input("threshold").NumberValue(), 0)
}

func TestAlarmFiresWithoutHealthyTarget(t *testing.T) {
	a := run(t, withNetwork).Named(t, alarmType, "watch-private-model-away")
	assert.Equal(t, "LessThanThreshold", a.Text("comparisonOperator"))
	assert.InDelta(t, 1, a.Input("threshold").NumberValue(), 0)
	assert.Equal(t, "missing", a.Text("treatMissingData"))
	assert.Equal(t, topicARN, a.Text("insufficientDataActions[0]"), "the alarm notifies of missing data too")
}

func TestDenialsAreCountedInAPILog(t *testing.T) {
	filter := run(t, withoutNetwork).Only(t, "aws:cloudwatch/logMetricFilter:LogMetricFilter")
	assert.Equal(t, "/access", filter.Text("logGroupName"))
	assert.Equal(t, "Denials", filter.Text("metricTransformation.name"))
	assert.Equal(t, "$.stack", filter.Text("metricTransformation.dimensions.Stack"))
	assert.True(t, filter.Input("metricTransformation.defaultValue").IsNull(), "CloudWatch accepts no default value with dimensions")
}

func TestQueriesHaveValidNames(t *testing.T) {
	queries := run(t, withClients).OfType("aws:cloudwatch/queryDefinition:QueryDefinition")
	require.Len(t, queries, 16)
	for _, query := range queries {
		assert.Regexp(t, `^gatehouse-test/[a-z]+/[^:*/]+$`, query.Text("name"))
	}
}
