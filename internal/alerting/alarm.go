// Package alarm makes CloudWatch alarms that tell a topic and name their section of
// the runbook.
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

// Alarm is a bound on a metric, or on an expression of several.
type Alarm struct {
	// Name ends the alarm's name, and is its section of the runbook:
	// "rotation-errors".
	Name        string
	Description string // what is wrong, in sentences

	Metric     Metric            // if there is no expression
	Expression string            // metric math over Metrics
	Metrics    map[string]Metric // by their names in Expression

	Bound float64
	Below bool // it is bad to be below the bound, not above

	Period    time.Duration
	Periods   int // that are looked at
	Breaching int // of those, how many have to be bad

	// Silence also tells the topic: the metric has to be there. The alarm's state is
	// INSUFFICIENT_DATA then, not ALARM: CloudWatch looks back to before an alarm was
	// made, and would take a metric that is about to begin for one that has ended.
	Silence bool
}

// Metric is one metric of CloudWatch.
type Metric struct {
	Namespace  string
	Name       string
	Statistic  string // "Sum", or a percentile such as "p95"
	Dimensions pulumi.StringMap
}

// Desk is where alarms end up, and with them those whom they wake.
type Desk struct {
	Deployment deployment.Deployment
	Topic      pulumi.StringInput // its ARN
	Runbook    string             // the runbook's URL
}

// New declares an alarm under the resource's name.
func (d Desk) New(ctx *pulumi.Context, name string, a Alarm, opts ...pulumi.ResourceOption) error {
	args := &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(physicalName(d.Deployment, a.Name)),
		AlarmDescription:   pulumi.String(a.Description + " Runbook: " + d.Runbook + "#" + a.Name),
		ComparisonOperator: pulumi.String("GreaterThanThreshold"),
		Threshold:          pulumi.Float64(a.Bound),
		EvaluationPeriods:  pulumi.Int(a.Periods),
		DatapointsToAlarm:  pulumi.Int(a.Breaching),
		TreatMissingData:   pulumi.String("notBreaching"),
		AlarmActions:       pulumi.Array{d.Topic},
		OkActions:          pulumi.Array{d.Topic},
	}
	if a.Below {
		args.ComparisonOperator = pulumi.String("LessThanThreshold")
	}
	if a.Silence {
		args.TreatMissingData = pulumi.String("missing")
		args.InsufficientDataActions = pulumi.Array{d.Topic}
	}
	a.measure(args)
	_, err := cloudwatch.NewMetricAlarm(ctx, name, args, opts...)
	return err
}

// ARN is that of the deployment's alarm whose name ends so.
func ARN(d deployment.Deployment, name string) string {
	return d.ARN("cloudwatch", "alarm:"+physicalName(d, name))
}

func physicalName(d deployment.Deployment, name string) string { return d.Name + "-" + name }

// measure says what the alarm looks at.
func (a Alarm) measure(args *cloudwatch.MetricAlarmArgs) {
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
