package function_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func args(t *testing.T) *function.Args {
	t.Helper()
	return &function.Args{
		Deployment:  pulumitest.Deployment(t),
		Code:        "model",
		Environment: pulumi.StringMap{"COLOUR": pulumi.String("green")},
		Timeout:     7,
		Memory:      256,
		Statements: []iampolicy.Statement{{
			Sid: "Read", Actions: []string{"s3:GetObject"}, Resources: pulumi.StringArray{pulumi.String("arn:aws:s3:::a/b")},
		}},
	}
}

func run(args *function.Args) (*pulumitest.Recorder, error) {
	return pulumitest.Run(func(ctx *pulumi.Context) error {
		_, err := function.New(ctx, "f", args)
		return err
	})
}

func TestFunction(t *testing.T) {
	recorder, err := run(args(t))
	require.NoError(t, err)
	f := recorder.Only(t, "aws:lambda/function:Function")
	assert.Equal(t, "gatehouse-test-model", f.Text("name"))
	assert.Equal(t, "provided.al2023", f.Text("runtime"))
	assert.Equal(t, "arm64", f.Text("architectures[0]"))
	assert.Equal(t, "green", f.Text("environment.variables.COLOUR"))
	assert.InDelta(t, 7, f.Input("timeout").NumberValue(), 0)
}

func TestRoleAllowsItsLogAndListedStatements(t *testing.T) {
	recorder, err := run(args(t))
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "WriteLog", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": ["arn:aws:mock:::LogGroup/f-logs:log-stream:*"]},
		{"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a/b"]}
	]}`, recorder.Only(t, "aws:iam/rolePolicy:RolePolicy").Text("policy"))
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Lambda", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": "lambda.amazonaws.com"}}
	]}`, recorder.Only(t, "aws:iam/role:Role").Text("assumeRolePolicy"))
}

func TestReservationTracingAndVPCAreOptional(t *testing.T) {
	recorder, err := run(args(t))
	require.NoError(t, err)
	f := recorder.Only(t, "aws:lambda/function:Function")
	for _, input := range []resource.PropertyKey{"reservedConcurrentExecutions", "tracingConfig", "vpcConfig"} {
		assert.NotContains(t, f.Inputs, input)
	}
}

func TestReservedConcurrency(t *testing.T) {
	a := args(t)
	a.ReservedConcurrency = 3
	recorder, err := run(a)
	require.NoError(t, err)
	assert.InDelta(t, 3, recorder.Only(t, "aws:lambda/function:Function").Input("reservedConcurrentExecutions").NumberValue(), 0)
}

func TestTracedFunctionMayWriteTraces(t *testing.T) {
	a := args(t)
	a.Deployment.Lambda.Tracing = true
	recorder, err := run(a)
	require.NoError(t, err)
	assert.Equal(t, "Active", recorder.Only(t, "aws:lambda/function:Function").Text("tracingConfig.mode"))
	assert.Contains(t, recorder.Only(t, "aws:iam/rolePolicy:RolePolicy").Text("policy"),
		`{"Action":["xray:PutTelemetryRecords","xray:PutTraceSegments"],"Effect":"Allow","Resource":["*"],"Sid":"WriteTraces"}`)
}

func TestCodeInVPCCannotUseNetworkPermissions(t *testing.T) {
	a := args(t)
	a.VPC = &function.VPC{SubnetIDs: pulumi.ToStringArray([]string{"subnet-1"}), SecurityGroupIDs: pulumi.ToStringArray([]string{"sg-1"})}
	recorder, err := run(a)
	require.NoError(t, err)
	f := recorder.Only(t, "aws:lambda/function:Function")
	assert.Equal(t, "subnet-1", f.Text("vpcConfig.subnetIds[0]"))
	assert.Equal(t, "sg-1", f.Text("vpcConfig.securityGroupIds[0]"))
	assert.Contains(t, recorder.Only(t, "aws:iam/rolePolicy:RolePolicy").Text("policy"),
		`"Condition":{"ArnNotEquals":{"lambda:SourceFunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:gatehouse-test-model"}}`)
}

func TestFunctionDependsOnPolicyAndLogGroup(t *testing.T) {
	recorder, err := run(args(t))
	require.NoError(t, err)
	f := recorder.Only(t, "aws:lambda/function:Function")
	assert.Condition(t, func() bool { return dependsOn(f, "::f-policy") && dependsOn(f, "::f-logs") }, "%v", f.Request.GetDependencies())
}

func dependsOn(r pulumitest.Registration, suffix string) bool {
	for _, dependency := range r.Request.GetDependencies() {
		if len(dependency) > len(suffix) && dependency[len(dependency)-len(suffix):] == suffix {
			return true
		}
	}
	return false
}

func TestMissingArchiveIsReportedWithCommand(t *testing.T) {
	a := args(t)
	a.Deployment.Artifacts = artifact.Directory(t.TempDir())
	_, err := run(a)
	require.ErrorContains(t, err, "function model is not built for arm64: run `make lambdas ARCH=arm64`")
}
