// Package schedule declares the schedule of a function: EventBridge Scheduler invokes it
// asynchronously, and events that never reach it or whose run fails go to a queue.
package schedule

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// Args configures a schedule.
type Args struct {
	Deployment deployment.Deployment
	Parent     pulumi.Resource // of the resources

	Suffix      string // of physical names: "rotation"
	Name        string // in its group of schedules: "tick"
	Description string

	Function *function.Function
	Code     string // of the function, in the names of resources: "rotator"
	Sid      string // of the permission to invoke it: "RunRotator"
	Timeout  time.Duration

	Event     pulumi.StringInput
	Every     time.Duration     // in whole minutes
	DependsOn []pulumi.Resource // of the first event
}

// New declares the schedule with its role, and returns the queue of events that failed.
func New(ctx *pulumi.Context, name string, args *Args) (*sqs.Queue, error) {
	deadLetters, err := newDeadLetters(ctx, name, args)
	if err != nil {
		return nil, err
	}
	return deadLetters, newSchedule(ctx, name, args, deadLetters)
}

// newDeadLetters declares the queue for events that never reached the function and for
// runs that failed.
func newDeadLetters(ctx *pulumi.Context, name string, args *Args) (*sqs.Queue, error) {
	queue, err := sqs.NewQueue(ctx, name+"-dead-letters", &sqs.QueueArgs{
		Name:                    pulumi.String(args.Deployment.Name + "-" + args.Suffix + "-dead-letters"),
		MessageRetentionSeconds: pulumi.Int(14 * 24 * 60 * 60), // the maximum of SQS
		SqsManagedSseEnabled:    pulumi.Bool(true),
	}, pulumi.Parent(args.Parent))
	if err != nil {
		return nil, err
	}
	send, err := iam.NewRolePolicy(ctx, name+"-"+args.Code+"-failure-policy", &iam.RolePolicyArgs{
		Role:   args.Function.RoleName,
		Policy: iampolicy.Document(sendTo(queue)),
	}, pulumi.Parent(args.Parent))
	if err != nil {
		return nil, err
	}
	_, err = lambda.NewFunctionEventInvokeConfig(ctx, name+"-"+args.Code+"-invoke", &lambda.FunctionEventInvokeConfigArgs{
		FunctionName: args.Function.Name,
		// The next event continues what a failed one left: retries would add nothing.
		MaximumRetryAttempts:     pulumi.Int(0),
		MaximumEventAgeInSeconds: pulumi.Int(args.eventAge()),
		DestinationConfig: &lambda.FunctionEventInvokeConfigDestinationConfigArgs{
			OnFailure: &lambda.FunctionEventInvokeConfigDestinationConfigOnFailureArgs{Destination: queue.Arn},
		},
	}, pulumi.Parent(args.Parent), pulumi.DependsOn([]pulumi.Resource{send}))
	return queue, err
}

// eventAge returns how long, in seconds, an event may wait for the function. While one run
// is in progress the next waits, which is no reason for a dead letter.
func (a *Args) eventAge() int { return int((2 * max(a.Every, a.Timeout)).Seconds()) }

func sendTo(queue *sqs.Queue) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "SendDeadLetters",
		Actions:   []string{"sqs:SendMessage"},
		Resources: pulumi.StringArray{queue.Arn},
	}
}

func newSchedule(ctx *pulumi.Context, name string, args *Args, deadLetters *sqs.Queue) error {
	group, err := scheduler.NewScheduleGroup(ctx, name+"-group", &scheduler.ScheduleGroupArgs{
		Name: pulumi.String(args.Deployment.Name + "-" + args.Suffix),
	}, pulumi.Parent(args.Parent))
	if err != nil {
		return err
	}
	role, rolePolicy, err := newRole(ctx, name, args, group, deadLetters)
	if err != nil {
		return err
	}
	_, err = scheduler.NewSchedule(ctx, name+"-"+args.Name, &scheduler.ScheduleArgs{
		Name:               pulumi.String(args.Name),
		GroupName:          group.Name,
		Description:        pulumi.String(args.Description),
		ScheduleExpression: pulumi.String(rate(args.Every)),
		FlexibleTimeWindow: &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
		Target: &scheduler.ScheduleTargetArgs{
			Arn:     args.Function.ARN,
			RoleArn: role.Arn,
			Input:   args.Event,
			RetryPolicy: &scheduler.ScheduleTargetRetryPolicyArgs{
				MaximumRetryAttempts:     pulumi.Int(3),
				MaximumEventAgeInSeconds: pulumi.Int(args.eventAge()),
			},
			DeadLetterConfig: &scheduler.ScheduleTargetDeadLetterConfigArgs{Arn: deadLetters.Arn},
		},
	}, pulumi.Parent(args.Parent), pulumi.DependsOn(append([]pulumi.Resource{rolePolicy}, args.DependsOn...)))
	return err
}

func newRole(ctx *pulumi.Context, name string, args *Args, group *scheduler.ScheduleGroup, deadLetters *sqs.Queue) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:        pulumi.String(args.Deployment.Name + "-" + args.Suffix + "-schedule"),
		Description: pulumi.String("Runs the " + args.Code + " of " + args.Deployment.Name),
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
	}, pulumi.Parent(args.Parent))
	if err != nil {
		return nil, nil, err
	}
	rolePolicy, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: iampolicy.Document(iampolicy.Statement{
			Sid:       args.Sid,
			Actions:   []string{"lambda:InvokeFunction"},
			Resources: pulumi.StringArray{args.Function.ARN},
		}, sendTo(deadLetters)),
	}, pulumi.Parent(args.Parent))
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
