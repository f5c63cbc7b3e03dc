// Package function declares a Lambda function in Go, with a role of its own that allows
// the listed statements and no more, and a log group that expires.
package function

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// Args configures a [Function].
type Args struct {
	Deployment  deployment.Deployment
	Code        string // the folder below lambda/
	Name        string // the suffix of physical names; Code if empty
	Description string
	Environment pulumi.StringMap
	Timeout     int // seconds
	Memory      int // MiB; Lambda assigns processor time in proportion

	// ReservedConcurrency reserves concurrent executions for the function, and limits it to
	// them; 0 reserves none and sets no limit.
	ReservedConcurrency int

	// VPC attaches the function to a VPC; nil for none.
	VPC *VPC

	// Statements allow the function more than to write its log.
	Statements []iampolicy.Statement

	// Policies are further policies of its role. One that is taken away is deleted after
	// the function was updated, so that no request is denied what the function still uses.
	Policies []Policy
}

// Policy is a policy of a function's role.
type Policy struct {
	Name       string // the suffix of the resource's name
	Statements []iampolicy.Statement
}

// VPC holds the subnets and security groups of a function's network interfaces.
type VPC struct {
	SubnetIDs        pulumi.StringArrayInput
	SecurityGroupIDs pulumi.StringArrayInput
}

// Function holds a Lambda function with its role and log group.
type Function struct {
	pulumi.ResourceState

	Name      pulumi.StringOutput
	ARN       pulumi.StringOutput
	InvokeARN pulumi.StringOutput // for integrations of API Gateway
	RoleName  pulumi.StringOutput
}

// New declares a function.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Function, error) {
	f := &Function{}
	if err := ctx.RegisterComponentResource("gatehouse:function:Function", name, f, opts...); err != nil {
		return nil, err
	}
	code, err := args.Deployment.Artifacts.Archive(args.Code, args.Deployment.Lambda.Architecture)
	if err != nil {
		return nil, err
	}
	logs, err := f.newLogGroup(ctx, name, args)
	if err != nil {
		return nil, err
	}
	role, policies, err := f.newRole(ctx, name, args, logs)
	if err != nil {
		return nil, err
	}
	functionArgs := &lambda.FunctionArgs{
		Name:          pulumi.String(args.physicalName()),
		Description:   pulumi.String(args.Description),
		Runtime:       pulumi.String("provided.al2023"),
		Handler:       pulumi.String("bootstrap"),
		Architectures: pulumi.StringArray{pulumi.String(args.Deployment.Lambda.Architecture)},
		Code:          code,
		Role:          role.Arn,
		Timeout:       pulumi.Int(args.Timeout),
		MemorySize:    pulumi.Int(args.Memory),
		Environment:   &lambda.FunctionEnvironmentArgs{Variables: args.Environment},
	}
	if args.ReservedConcurrency > 0 {
		functionArgs.ReservedConcurrentExecutions = pulumi.Int(args.ReservedConcurrency)
	}
	if args.Deployment.Lambda.Tracing {
		functionArgs.TracingConfig = &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")}
	}
	if args.VPC != nil {
		functionArgs.VpcConfig = &lambda.FunctionVpcConfigArgs{SubnetIds: args.VPC.SubnetIDs, SecurityGroupIds: args.VPC.SecurityGroupIDs}
	}
	// Created after its policies and log group, and destroyed before them: it runs while the
	// stack is destroyed too.
	function, err := lambda.NewFunction(ctx, name, functionArgs, pulumi.Parent(f), pulumi.DependsOn(append(policies, logs)))
	if err != nil {
		return nil, err
	}

	f.Name, f.ARN, f.InvokeARN, f.RoleName = function.Name, function.Arn, function.InvokeArn, role.Name
	return f, ctx.RegisterResourceOutputs(f, pulumi.Map{
		"name":     f.Name,
		"arn":      f.ARN,
		"roleName": f.RoleName,
	})
}

func (a *Args) physicalName() string {
	if a.Name != "" {
		return a.Deployment.Name + "-" + a.Name
	}
	return a.Deployment.Name + "-" + a.Code
}

// newLogGroup declares the log group that Lambda would create by itself, but with an
// expiry of its logs.
func (f *Function) newLogGroup(ctx *pulumi.Context, name string, args *Args) (*cloudwatch.LogGroup, error) {
	return cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String("/aws/lambda/" + args.physicalName()),
		RetentionInDays: pulumi.Int(args.Deployment.LogRetentionDays),
	}, pulumi.Parent(f), args.Deployment.HoldsData())
}

func (f *Function) newRole(ctx *pulumi.Context, name string, args *Args, logs *cloudwatch.LogGroup) (role *iam.Role, policies []pulumi.Resource, err error) {
	role, err = iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:        pulumi.String(args.physicalName()),
		Description: pulumi.String(fmt.Sprintf("Runs the function %s", args.physicalName())),
		AssumeRolePolicy: iampolicy.Document(iampolicy.Statement{
			Sid:       "Lambda",
			Actions:   []string{"sts:AssumeRole"},
			Principal: iampolicy.Principal{Type: "Service", ID: pulumi.String("lambda.amazonaws.com")},
		}),
		PermissionsBoundary: args.Deployment.PermissionsBoundary(),
	}, pulumi.Parent(f))
	if err != nil {
		return nil, nil, err
	}
	own := Policy{Name: "policy", Statements: append(args.runtimeStatements(logs), args.Statements...)}
	for _, p := range append([]Policy{own}, args.Policies...) {
		policy, err := iam.NewRolePolicy(ctx, name+"-"+p.Name, &iam.RolePolicyArgs{
			Role:   role.Name,
			Policy: iampolicy.Document(p.Statements...),
		}, pulumi.Parent(f))
		if err != nil {
			return nil, nil, err
		}
		policies = append(policies, policy)
	}
	return role, policies, nil
}

// runtimeStatements returns what Lambda itself needs to run the function.
func (a *Args) runtimeStatements(logs *cloudwatch.LogGroup) []iampolicy.Statement {
	anything := pulumi.StringArray{pulumi.String("*")} // neither service has resource-level permissions for these
	statements := []iampolicy.Statement{{
		Sid:       "WriteLog",
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: pulumi.StringArray{pulumi.Sprintf("%s:log-stream:*", logs.Arn)},
	}}
	if a.Deployment.Lambda.Tracing {
		statements = append(statements, iampolicy.Statement{
			Sid:       "WriteTraces",
			Actions:   []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
			Resources: anything,
		})
	}
	if a.VPC != nil {
		statements = append(statements, iampolicy.Statement{
			Sid: "UseNetwork",
			Actions: []string{
				"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
				"ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
			},
			Resources: anything,
			// Lambda uses the role before the function runs; the function's own code is denied
			// these actions.
			Conditions: []iampolicy.Condition{{
				Operator: "ArnNotEquals", Key: "lambda:SourceFunctionArn", Value: pulumi.String(a.Deployment.ARN("lambda", "function:"+a.physicalName())),
			}},
		})
	}
	return statements
}
