package rotation

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/schedule"
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
	deadLetters, err := schedule.New(ctx, name, &schedule.Args{
		Deployment:  args.Deployment,
		Parent:      s,
		Suffix:      "rotation",
		Name:        "tick",
		Description: "Runs the rotator of " + args.Deployment.Name + ", which takes the next step of a rotation if one is due",
		Function:    args.Rotation.Rotator,
		Code:        "rotator",
		Sid:         "RunRotator",
		Timeout:     RotatorTimeout,
		Event:       s.Event,
		Every:       args.Settings.Tick,
		DependsOn:   []pulumi.Resource{permission},
	})
	if err != nil {
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
