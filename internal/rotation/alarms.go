package rotation

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

// alarm is a metric with its bound. All metrics here are bad when they are high.
type alarm struct {
	name        string
	description string
	namespace   string
	metric      string
	statistic   string
	dimensions  pulumi.StringMap
	above       float64

	// silence also alarms: the metric has to be there at each tick.
	silence bool
}

func (s *Schedule) alarms(args *ScheduleArgs, deadLetters *sqs.Queue) []alarm {
	stack := pulumi.StringMap{metrics.StackDimension: pulumi.String(args.Deployment.Name)}
	return []alarm{
		{
			name:        "errors",
			description: "The rotator failed. Requests go on with the key in use.",
			namespace:   "AWS/Lambda", metric: "Errors", statistic: "Sum",
			dimensions: pulumi.StringMap{"FunctionName": args.Rotation.Rotator.Name},
		},
		{
			name:        "dead-letters",
			description: "A tick never reached the rotator, or a run of it failed: the queue says which.",
			namespace:   "AWS/SQS", metric: "ApproximateNumberOfMessagesVisible", statistic: "Maximum",
			dimensions: pulumi.StringMap{"QueueName": deadLetters.Name},
		},
		{
			name:        "key-too-old",
			description: fmt.Sprintf("The key in use is older than %s, twice its interval, or the rotator says nothing of it.", 2*args.Settings.Interval),
			namespace:   metrics.Namespace, metric: metrics.KeyAge, statistic: "Maximum",
			dimensions: stack, above: (2 * args.Settings.Interval).Seconds(), silence: true,
		},
		{
			name:        "not-deployed",
			description: fmt.Sprintf("CloudFront has been deploying a change for more than %s.", args.Settings.Deployment),
			namespace:   metrics.Namespace, metric: metrics.DeployingFor, statistic: "Maximum",
			dimensions: stack, above: args.Settings.Deployment.Seconds(),
		},
		{
			name:        "repairs",
			description: "The distribution's header was in no key of the ring and had to be replaced: something else than the rotator changed it.",
			namespace:   metrics.Namespace, metric: metrics.Repairs, statistic: "Sum",
			dimensions: stack,
		},
		{
			name:        "failed-checks",
			description: "The front door did not answer as it has to: the rotator's log says which check failed.",
			namespace:   metrics.Namespace, metric: metrics.FailedChecks, statistic: "Sum",
			dimensions: stack,
		},
	}
}

// newAlarms makes the alarms and the topic that they tell. The topic is not
// encrypted with a key of its own: no message has a secret in it, and the key that
// AWS manages keeps alarms out.
func (s *Schedule) newAlarms(ctx *pulumi.Context, name string, args *ScheduleArgs, deadLetters *sqs.Queue) error {
	topic, err := sns.NewTopic(ctx, name+"-alarms", &sns.TopicArgs{
		Name: pulumi.String(args.Deployment.Name + "-rotation-alarms"),
	}, pulumi.Parent(s))
	if err != nil {
		return err
	}
	s.AlarmsTopic = topic.Arn
	if args.Settings.AlarmEmail != "" {
		_, err := sns.NewTopicSubscription(ctx, name+"-alarms-email", &sns.TopicSubscriptionArgs{
			Topic:    topic.Arn,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(args.Settings.AlarmEmail),
		}, pulumi.Parent(s))
		if err != nil {
			return err
		}
	}
	for _, a := range s.alarms(args, deadLetters) {
		if err := s.newAlarm(ctx, name, args, topic, a); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schedule) newAlarm(ctx *pulumi.Context, name string, args *ScheduleArgs, topic *sns.Topic, a alarm) error {
	// A tick's metrics lie anywhere in its period, so that one period may have none.
	const periods = 3
	missing := "notBreaching"
	evaluated, breaching := 1, 1
	if a.silence {
		missing, evaluated, breaching = "breaching", periods, periods
	}
	_, err := cloudwatch.NewMetricAlarm(ctx, name+"-"+a.name, &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(args.Deployment.Name + "-rotation-" + a.name),
		AlarmDescription:   pulumi.String(a.description + " Runbook: docs/rotation.md#" + a.name),
		Namespace:          pulumi.String(a.namespace),
		MetricName:         pulumi.String(a.metric),
		Dimensions:         a.dimensions,
		Statistic:          pulumi.String(a.statistic),
		ComparisonOperator: pulumi.String("GreaterThanThreshold"),
		Threshold:          pulumi.Float64(a.above),
		Period:             pulumi.Int(int(max(args.Settings.Tick, time.Minute).Seconds())),
		EvaluationPeriods:  pulumi.Int(evaluated),
		DatapointsToAlarm:  pulumi.Int(breaching),
		TreatMissingData:   pulumi.String(missing),
		AlarmActions:       pulumi.Array{topic.Arn},
		OkActions:          pulumi.Array{topic.Arn},
	}, pulumi.Parent(s))
	return err
}
