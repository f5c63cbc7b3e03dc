package rotation

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// ScheduleArgs configures a [Schedule].
type ScheduleArgs struct {
	Deployment deployment.Deployment
	Settings   config.Rotation
	Rotation   *Rotation
	Target     Target
	Notifier   *alerting.Notifier
}

// Schedule runs the rotator, allows it to update the distribution, and alarms when it
// fails. It is apart from [Rotation] because the distribution needs the first key
// and the schedule needs the distribution.
type Schedule struct {
	pulumi.ResourceState

	// Event is sent to the rotator at each tick. Operators send it with another action.
	Event  pulumi.StringOutput
	Alarms []string // the ends of their names: "rotation-errors"
}

// NewSchedule declares the schedule with its alarms.
func NewSchedule(ctx *pulumi.Context, name string, args *ScheduleArgs, opts ...pulumi.ResourceOption) (*Schedule, error) {
	s := &Schedule{Event: args.Target.event()}
	if err := ctx.RegisterComponentResource("gatehouse:rotation:Schedule", name, s, opts...); err != nil {
		return nil, err
	}
	permission, err := s.allowRotation(ctx, name, args)
	if err != nil {
		return nil, err
	}
	deadLetters, err := s.newDeadLetters(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if err := s.newSchedule(ctx, name, args, deadLetters, permission); err != nil {
		return nil, err
	}
	if err := s.newAlarms(ctx, name, args, deadLetters); err != nil {
		return nil, err
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"event": s.Event})
}

// allowRotation allows the rotator to read and update this one distribution, and to
// flush the API's cache of authorizations.
func (s *Schedule) allowRotation(ctx *pulumi.Context, name string, args *ScheduleArgs) (*iam.RolePolicy, error) {
	return iam.NewRolePolicy(ctx, name+"-rotator-policy", &iam.RolePolicyArgs{
		Role:   args.Rotation.Rotator.RoleName,
		Policy: iampolicy.Document(args.Target.statements(args.Deployment)...),
	}, pulumi.Parent(s))
}

// newDeadLetters declares the queue for ticks that never reached the rotator and for
// runs that failed.
func (s *Schedule) newDeadLetters(ctx *pulumi.Context, name string, args *ScheduleArgs) (*sqs.Queue, error) {
	queue, err := sqs.NewQueue(ctx, name+"-dead-letters", &sqs.QueueArgs{
		Name:                    pulumi.String(args.Deployment.Name + "-rotation-dead-letters"),
		MessageRetentionSeconds: pulumi.Int(14 * 24 * 60 * 60), // the maximum of SQS
		SqsManagedSseEnabled:    pulumi.Bool(true),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, err
	}
	send, err := iam.NewRolePolicy(ctx, name+"-rotator-failure-policy", &iam.RolePolicyArgs{
		Role:   args.Rotation.Rotator.RoleName,
		Policy: iampolicy.Document(sendTo(queue)),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, err
	}
	_, err = lambda.NewFunctionEventInvokeConfig(ctx, name+"-rotator-invoke", &lambda.FunctionEventInvokeConfigArgs{
		FunctionName: args.Rotation.Rotator.Name,
		// The next tick continues what a failed one left: retries would add nothing.
		MaximumRetryAttempts:     pulumi.Int(0),
		MaximumEventAgeInSeconds: pulumi.Int(eventAge(args.Settings)),
		DestinationConfig: &lambda.FunctionEventInvokeConfigDestinationConfigArgs{
			OnFailure: &lambda.FunctionEventInvokeConfigDestinationConfigOnFailureArgs{Destination: queue.Arn},
		},
	}, pulumi.Parent(s), pulumi.DependsOn([]pulumi.Resource{send}))
	return queue, err
}

// eventAge returns how long, in seconds, a tick may wait for the rotator. While one run is
// in progress the next waits, which is no reason for a dead letter.
func eventAge(s config.Rotation) int {
	return int((2 * max(s.Tick, RotatorTimeout)).Seconds())
}

func sendTo(queue *sqs.Queue) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "SendDeadLetters",
		Actions:   []string{"sqs:SendMessage"},
		Resources: pulumi.StringArray{queue.Arn},
	}
}

func (s *Schedule) newSchedule(ctx *pulumi.Context, name string, args *ScheduleArgs, deadLetters *sqs.Queue, permission pulumi.Resource) error {
	group, err := scheduler.NewScheduleGroup(ctx, name+"-group", &scheduler.ScheduleGroupArgs{
		Name: pulumi.String(args.Deployment.Name + "-rotation"),
	}, pulumi.Parent(s))
	if err != nil {
		return err
	}
	role, rolePolicy, err := s.newSchedulerRole(ctx, name, args, group, deadLetters)
	if err != nil {
		return err
	}
	_, err = scheduler.NewSchedule(ctx, name+"-tick", &scheduler.ScheduleArgs{
		Name:               pulumi.String("tick"),
		GroupName:          group.Name,
		Description:        pulumi.String("Runs the rotator of " + args.Deployment.Name + ", which takes the next step of a rotation if one is due"),
		ScheduleExpression: pulumi.String(rate(args.Settings.Tick)),
		FlexibleTimeWindow: &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
		Target: &scheduler.ScheduleTargetArgs{
			Arn:     args.Rotation.Rotator.ARN,
			RoleArn: role.Arn,
			Input:   s.Event,
			RetryPolicy: &scheduler.ScheduleTargetRetryPolicyArgs{
				MaximumRetryAttempts:     pulumi.Int(3),
				MaximumEventAgeInSeconds: pulumi.Int(eventAge(args.Settings)),
			},
			DeadLetterConfig: &scheduler.ScheduleTargetDeadLetterConfigArgs{Arn: deadLetters.Arn},
		},
	}, pulumi.Parent(s), pulumi.DependsOn([]pulumi.Resource{rolePolicy, permission}))
	return err
}

func (s *Schedule) newSchedulerRole(ctx *pulumi.Context, name string, args *ScheduleArgs, group *scheduler.ScheduleGroup, deadLetters *sqs.Queue) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:        pulumi.String(args.Deployment.Name + "-rotation-schedule"),
		Description: pulumi.String("Runs the rotator of " + args.Deployment.Name),
		AssumeRolePolicy: iampolicy.Document(iampolicy.Statement{
			Sid:       "Scheduler",
			Actions:   []string{"sts:AssumeRole"},
			Principal: iampolicy.Principal{Type: "Service", ID: pulumi.String("scheduler.amazonaws.com")},
			Conditions: []iampolicy.Condition{
				{Operator: "StringEquals", Key: "aws:SourceAccount", Value: pulumi.String(args.Deployment.AccountID)},
				{Operator: "StringEquals", Key: "aws:SourceArn", Value: group.Arn},
			},
		}),
		PermissionsBoundary: args.Deployment.PermissionsBoundary(),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, nil, err
	}
	rolePolicy, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: iampolicy.Document(iampolicy.Statement{
			Sid:       "RunRotator",
			Actions:   []string{"lambda:InvokeFunction"},
			Resources: pulumi.StringArray{args.Rotation.Rotator.ARN},
		}, sendTo(deadLetters)),
	}, pulumi.Parent(s))
	return role, rolePolicy, err
}

// rate returns whole minutes as EventBridge Scheduler requires them: the unit is singular
// for one.
func rate(every time.Duration) string {
	if every == time.Minute {
		return "rate(1 minute)"
	}
	return fmt.Sprintf("rate(%d minutes)", int(every.Minutes()))
}
