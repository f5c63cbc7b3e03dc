package rotation

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

// OldestKey returns the age of the key in use beyond which an alarm fires.
func OldestKey(s config.Rotation) time.Duration { return 2 * s.Interval }

// alarms returns the alarms on the rotation. Each fires when its metric is high.
func (s *Schedule) alarms(args *ScheduleArgs, deadLetters *sqs.Queue) []alerting.Alarm {
	own := func(name, statistic string) alerting.Metric {
		return alerting.Metric{
			Namespace: metrics.Namespace, Name: name, Statistic: statistic,
			Dimensions: pulumi.StringMap{metrics.StackDimension: pulumi.String(args.Deployment.Name)},
		}
	}
	all := []alerting.Alarm{
		{
			Name:        "errors",
			Description: "The rotator failed. Requests continue with the key in use.",
			Metric: alerting.Metric{
				Namespace: "AWS/Lambda", Name: "Errors", Statistic: "Sum",
				Dimensions: pulumi.StringMap{"FunctionName": args.Rotation.Rotator.Name},
			},
		},
		{
			Name:        "dead-letters",
			Description: "A tick never reached the rotator, or a run of it failed: the message in the queue has the details.",
			// Messages sent in the period, so that another one fires the alarm again, and one
			// that is left in the queue doesn't keep it on.
			Metric: alerting.Metric{
				Namespace: "AWS/SQS", Name: "NumberOfMessagesSent", Statistic: "Sum",
				Dimensions: pulumi.StringMap{"QueueName": deadLetters.Name},
			},
		},
		{
			Name:        "key-too-old",
			Description: fmt.Sprintf("The key in use is older than %s, twice its interval, or the rotator has not reported its age.", OldestKey(args.Settings)),
			Metric:      own(metrics.KeyAge, "Maximum"),
			Bound:       OldestKey(args.Settings).Seconds(), NotifyMissing: true,
		},
		{
			Name:        "not-deployed",
			Description: fmt.Sprintf("CloudFront has been deploying a change for more than %s.", args.Settings.Deployment),
			Metric:      own(metrics.DeployingFor, "Maximum"),
			Bound:       args.Settings.Deployment.Seconds(),
		},
		{
			Name:        "repairs",
			Description: "The origin header of the distribution was no key of the keyring and was replaced: something other than the rotator changed it.",
			Metric:      own(metrics.Repairs, "Sum"),
		},
		{
			Name:        "failed-checks",
			Description: "A probe of CloudFront or of the API got an unexpected response: the rotator's log has the failed check.",
			Metric:      own(metrics.FailedChecks, "Sum"),
		},
	}
	for i := range all {
		all[i].Period = max(args.Settings.Tick, time.Minute)
		all[i].Periods, all[i].Breaching = 1, 1
		if all[i].NotifyMissing {
			// A tick's metrics lie anywhere in its period, so that one period may have none.
			all[i].Periods, all[i].Breaching = 3, 3
		}
	}
	return all
}

// newAlarms declares the alarms.
func (s *Schedule) newAlarms(ctx *pulumi.Context, name string, args *ScheduleArgs, deadLetters *sqs.Queue) error {
	for _, a := range s.alarms(args, deadLetters) {
		resourceName := name + "-" + a.Name
		a.Name = "rotation-" + a.Name
		s.Alarms = append(s.Alarms, a.Name)
		if err := args.Notifier.NewAlarm(ctx, resourceName, a, pulumi.Parent(s)); err != nil {
			return err
		}
	}
	return nil
}
