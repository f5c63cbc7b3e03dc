package alerting

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// Alarm bounds a metric, or an expression over several.
type Alarm struct {
	// Name ends the alarm's physical name and is its section of the runbook, such as
	// "rotation-errors".
	Name        string
	Description string // what is wrong, in sentences

	Metric     Metric            // if there is no expression
	Expression string            // metric math over Metrics
	Metrics    map[string]Metric // by their names in Expression

	Bound float64
	Below bool // the alarm fires below the bound, not above

	Period    time.Duration
	Periods   int // that are evaluated
	Breaching int // of those, how many must be bad

	// NotifyMissing also notifies the topic if the metric has no data. The alarm's state
	// is INSUFFICIENT_DATA then, not ALARM: CloudWatch evaluates periods from before an
	// alarm was made, and would take a metric that is about to begin for one that has
	// ended.
	NotifyMissing bool
}

// Metric identifies a metric of CloudWatch and its statistic.
type Metric struct {
	Namespace  string
	Name       string
	Statistic  string // "Sum", or a percentile such as "p95"
	Dimensions pulumi.StringMap
}

// NewAlarm declares an alarm under the resource's name. It notifies the topic, and its
// description links to its section of the runbook.
func (n *Notifier) NewAlarm(ctx *pulumi.Context, name string, a Alarm, opts ...pulumi.ResourceOption) error {
	args := &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(physicalName(n.deployment, a.Name)),
		AlarmDescription:   pulumi.String(a.Description + " Runbook: " + n.runbookURL + "#" + a.Name),
		ComparisonOperator: pulumi.String("GreaterThanThreshold"),
		Threshold:          pulumi.Float64(a.Bound),
		EvaluationPeriods:  pulumi.Int(a.Periods),
		DatapointsToAlarm:  pulumi.Int(a.Breaching),
		TreatMissingData:   pulumi.String("notBreaching"),
		AlarmActions:       pulumi.Array{n.TopicARN},
		OkActions:          pulumi.Array{n.TopicARN},
	}
	if a.Below {
		args.ComparisonOperator = pulumi.String("LessThanThreshold")
	}
	if a.NotifyMissing {
		args.TreatMissingData = pulumi.String("missing")
		args.InsufficientDataActions = pulumi.Array{n.TopicARN}
	}
	a.setMetrics(args)
	_, err := cloudwatch.NewMetricAlarm(ctx, name, args, opts...)
	return err
}

// ARN returns the ARN of the deployment's alarm whose name ends with name.
func ARN(d deployment.Deployment, name string) string {
	return d.ARN("cloudwatch", "alarm:"+physicalName(d, name))
}

func physicalName(d deployment.Deployment, name string) string { return d.Name + "-" + name }

// setMetrics sets the metric, or the expression over several, that the alarm evaluates.
func (a Alarm) setMetrics(args *cloudwatch.MetricAlarmArgs) {
	if a.Expression != "" {
		args.MetricQueries = a.queries()
		return
	}
	args.Namespace = pulumi.String(a.Metric.Namespace)
	args.MetricName = pulumi.String(a.Metric.Name)
	args.Dimensions = a.Metric.Dimensions
	args.Period = pulumi.Int(a.seconds())
	if strings.HasPrefix(a.Metric.Statistic, "p") {
		args.ExtendedStatistic = pulumi.String(a.Metric.Statistic)
	} else {
		args.Statistic = pulumi.String(a.Metric.Statistic)
	}
}

func (a Alarm) queries() cloudwatch.MetricAlarmMetricQueryArray {
	queries := cloudwatch.MetricAlarmMetricQueryArray{&cloudwatch.MetricAlarmMetricQueryArgs{
		Id:         pulumi.String("result"),
		Expression: pulumi.String(a.Expression),
		Label:      pulumi.String(a.Name),
		ReturnData: pulumi.Bool(true),
	}}
	for _, id := range slices.Sorted(maps.Keys(a.Metrics)) {
		metric := a.Metrics[id]
		queries = append(queries, &cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(id),
			Metric: &cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace:  pulumi.String(metric.Namespace),
				MetricName: pulumi.String(metric.Name),
				Stat:       pulumi.String(metric.Statistic),
				Dimensions: metric.Dimensions,
				Period:     pulumi.Int(a.seconds()),
			},
		})
	}
	return queries
}

func (a Alarm) seconds() int { return int(a.Period.Seconds()) }
