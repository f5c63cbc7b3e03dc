package edgefunction

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	source "github.com/gatehouse-iac/gatehouse/lambda/edge"
)

// OriginArgs configures an [Origin].
type OriginArgs struct {
	Deployment     deployment.Deployment
	Edge           config.Edge
	Settings       config.OriginFunction
	ProblemsPrefix string // below which it serves problem documents; empty for none
}

// Origin is the origin-request function, which Lambda@Edge runs between CloudFront and
// the API. Its provider must be one for [config.GlobalRegion].
type Origin struct {
	pulumi.ResourceState

	VersionARN pulumi.StringOutput // of the published version, which CloudFront requires
}

// NewOrigin declares the function.
func NewOrigin(ctx *pulumi.Context, name string, args *OriginArgs, opts ...pulumi.ResourceOption) (*Origin, error) {
	o := &Origin{}
	if err := ctx.RegisterComponentResource("gatehouse:edgefunction:Origin", name, o, opts...); err != nil {
		return nil, err
	}
	role, err := o.newRole(ctx, name, args)
	if err != nil {
		return nil, err
	}
	function, err := o.newFunction(ctx, name, args, role)
	if err != nil {
		return nil, err
	}
	rolePolicy, err := o.newLogs(ctx, name, args, role, function)
	if err != nil {
		return nil, err
	}
	// What uses the function depends on the permission to write its log.
	o.VersionARN = pulumi.All(function.QualifiedArn, rolePolicy.ID()).ApplyT(func(all []any) string {
		return all[0].(string)
	}).(pulumi.StringOutput)
	return o, ctx.RegisterResourceOutputs(o, pulumi.Map{"versionArn": o.VersionARN})
}

func (o *Origin) newRole(ctx *pulumi.Context, name string, args *OriginArgs) (*iam.Role, error) {
	var trust []iampolicy.Statement
	for _, service := range []struct{ sid, name string }{{"Lambda", "lambda"}, {"Replicas", "edgelambda"}} {
		trust = append(trust, iampolicy.Statement{
			Sid:       service.sid,
			Actions:   []string{"sts:AssumeRole"},
			Principal: iampolicy.Principal{Type: "Service", ID: pulumi.String(service.name + ".amazonaws.com")},
		})
	}
	physicalName := args.Deployment.Name + "-origin-request"
	return iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:                pulumi.String(physicalName),
		Description:         pulumi.String("Runs the function " + physicalName + " in CloudFront"),
		AssumeRolePolicy:    iampolicy.Document(trust...),
		PermissionsBoundary: args.Deployment.PermissionsBoundary(),
	}, pulumi.Parent(o))
}

// newFunction declares the function without a physical name, so that the engine
// generates one: a function that was left behind doesn't conflict with the next.
func (o *Origin) newFunction(ctx *pulumi.Context, name string, args *OriginArgs, role *iam.Role) (*lambda.Function, error) {
	code, err := Render(source.OriginRequest, originSettings{
		RequestIDHeader: requestIDHeader,
		CountryHeader:   countryHeader,
		BodyLimit:       args.Edge.BodyLimit,
		ContentTypes:    args.Edge.ContentTypes,
		ProblemsPrefix:  args.ProblemsPrefix,
	})
	if err != nil {
		return nil, err
	}
	return lambda.NewFunction(ctx, name, &lambda.FunctionArgs{
		Description:   pulumi.String("Last before the API of " + args.Deployment.Name + ": origin-request"),
		Runtime:       pulumi.String("nodejs22.x"),
		Handler:       pulumi.String("index.handler"),
		Architectures: pulumi.StringArray{pulumi.String("x86_64")}, // CloudFront runs no other
		Code:          pulumi.NewAssetArchive(map[string]any{"index.mjs": pulumi.NewStringAsset(code)}),
		Role:          role.Arn,
		Timeout:       pulumi.Int(5),
		MemorySize:    pulumi.Int(128),
		Publish:       pulumi.Bool(true),
		SkipDestroy:   pulumi.Bool(args.Settings.SkipDestroy),
	}, pulumi.Parent(o), pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: args.Settings.DeleteTimeout.String()}))
}

// newLogs declares the log group in the one region where it can set the retention, and
// permits the function to write logs in all regions: it runs, and logs, near its viewers.
func (o *Origin) newLogs(ctx *pulumi.Context, name string, args *OriginArgs, role *iam.Role, function *lambda.Function) (*iam.RolePolicy, error) {
	group := pulumi.Sprintf("/aws/lambda/%s.%s", config.GlobalRegion, function.Name)
	_, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		Name:            group,
		RetentionInDays: pulumi.Int(args.Deployment.LogRetentionDays),
	}, pulumi.Parent(o), args.Deployment.HoldsData())
	if err != nil {
		return nil, err
	}
	anywhere := pulumi.Sprintf("arn:%s:logs:*:%s:log-group:%s", args.Deployment.Partition, args.Deployment.AccountID, group)
	return iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: iampolicy.Document(iampolicy.Statement{
			Sid:       "WriteLogAnywhere",
			Actions:   []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: pulumi.StringArray{anywhere, pulumi.Sprintf("%s:*", anywhere)},
		}),
	}, pulumi.Parent(o))
}
