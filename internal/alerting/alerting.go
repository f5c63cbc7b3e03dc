// Package alerting declares the SNS topic of the stack's alarms, and the CloudWatch
// alarms that notify it. Each alarm links to its section of the runbook.
package alerting

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// Args configures a [Notifier].
type Args struct {
	Deployment deployment.Deployment
	Email      string // subscribed to the topic; empty for none
	RunbookURL string
}

// Notifier holds the SNS topic and the runbook's URL that all alarms of the stack share.
type Notifier struct {
	pulumi.ResourceState

	TopicARN pulumi.StringOutput

	deployment deployment.Deployment
	runbookURL string
}

// New declares the topic and its subscription. The topic is not encrypted with a key of
// its own: no message has a secret in it, and the key that AWS manages keeps alarms out.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Notifier, error) {
	n := &Notifier{deployment: args.Deployment, runbookURL: args.RunbookURL}
	if err := ctx.RegisterComponentResource("gatehouse:alerting:Notifier", name, n, opts...); err != nil {
		return nil, err
	}
	topic, err := sns.NewTopic(ctx, name+"-topic", &sns.TopicArgs{
		// It notifies of all alarms. Another name would make another topic, whose
		// subscribers would have to confirm again.
		Name: pulumi.String(args.Deployment.Name + "-rotation-alarms"),
	}, pulumi.Parent(n), formerly(ctx, "aws:sns/topic:Topic", "schedule-alarms"))
	if err != nil {
		return nil, err
	}
	n.TopicARN = topic.Arn
	if args.Email != "" {
		_, err := sns.NewTopicSubscription(ctx, name+"-email", &sns.TopicSubscriptionArgs{
			Topic:    topic.Arn,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(args.Email),
		}, pulumi.Parent(n), formerly(ctx, "aws:sns/topicSubscription:TopicSubscription", "schedule-alarms-email"))
		if err != nil {
			return nil, err
		}
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"topicArn": n.TopicARN})
}

// formerly aliases a resource that stacks deployed before this component existed have as
// a child of the rotation's schedule: it is moved in the state, not replaced.
func formerly(ctx *pulumi.Context, typ, name string) pulumi.ResourceOption {
	return pulumi.Aliases([]pulumi.Alias{{
		URN: pulumi.URN(fmt.Sprintf("urn:pulumi:%s::%s::gatehouse:rotation:Schedule$%s::%s", ctx.Stack(), ctx.Project(), typ, name)),
	}})
}
