package network

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// newFlowLogs declares flow logs of all connections, accepted and rejected.
func (n *Network) newFlowLogs(ctx *pulumi.Context, name string, args *Args) error {
	flowLog := &ec2.FlowLogArgs{
		VpcId:       n.VPCID,
		TrafficType: pulumi.String("ALL"),
		Tags:        args.tags(""),
	}
	opts := []pulumi.ResourceOption{pulumi.Parent(n)}
	switch args.Settings.FlowLogs.Destination {
	case config.FlowLogsToS3:
		flowLog.LogDestinationType = pulumi.String("s3")
		flowLog.LogDestination = pulumi.String(args.Settings.FlowLogs.BucketARN)
	default:
		logs, err := cloudwatch.NewLogGroup(ctx, name+"-flow-logs", &cloudwatch.LogGroupArgs{
			Name:            pulumi.String(args.Deployment.Path + "/flow-logs"),
			RetentionInDays: pulumi.Int(args.Deployment.LogRetentionDays),
		}, pulumi.Parent(n), args.Deployment.HoldsData())
		if err != nil {
			return err
		}
		role, permission, err := n.newFlowLogsRole(ctx, name, args, logs)
		if err != nil {
			return err
		}
		n.FlowLogGroup = logs.Name
		flowLog.LogDestinationType = pulumi.String("cloud-watch-logs")
		flowLog.LogDestination = logs.Arn
		flowLog.IamRoleArn = role.Arn
		opts = append(opts, pulumi.DependsOn([]pulumi.Resource{permission}))
	}
	_, err := ec2.NewFlowLog(ctx, name+"-flow-logs", flowLog, opts...)
	return err
}

// newFlowLogsRole declares the role with which flow logs of this account and region, and
// no others, write to the log group.
func (n *Network) newFlowLogsRole(ctx *pulumi.Context, name string, args *Args, logs *cloudwatch.LogGroup) (*iam.Role, *iam.RolePolicy, error) {
	d := args.Deployment
	role, err := iam.NewRole(ctx, name+"-flow-logs-role", &iam.RoleArgs{
		Name:        pulumi.String(d.Name + "-flow-logs"),
		Description: pulumi.String("Writes the flow logs of " + d.Name),
		AssumeRolePolicy: iampolicy.Document(iampolicy.Statement{
			Sid:       "FlowLogs",
			Actions:   []string{"sts:AssumeRole"},
			Principal: iampolicy.Principal{Type: "Service", ID: pulumi.String("vpc-flow-logs.amazonaws.com")},
			Conditions: []iampolicy.Condition{
				{Operator: "StringEquals", Key: "aws:SourceAccount", Value: pulumi.String(d.AccountID)},
				{Operator: "ArnLike", Key: "aws:SourceArn", Value: pulumi.String(d.ARN("ec2", "vpc-flow-log/*"))},
			},
		}),
		PermissionsBoundary: d.PermissionsBoundary(),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, nil, err
	}
	permission, err := iam.NewRolePolicy(ctx, name+"-flow-logs-policy", &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: iampolicy.Document(iampolicy.Statement{
			Sid:       "WriteFlowLogs",
			Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: pulumi.StringArray{pulumi.Sprintf("%s:*", logs.Arn)},
		}, iampolicy.Statement{
			Sid:       "FindLogGroup",
			Actions:   []string{"logs:DescribeLogGroups"},
			Resources: pulumi.StringArray{pulumi.String("*")}, // IAM can't restrict this action to a resource
		}),
	}, pulumi.Parent(n))
	return role, permission, err
}
