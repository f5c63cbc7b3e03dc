package stack_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/stack"
)

// namesOfAWS holds the patterns of names that AWS's services accept (from their API
// references), by type and input. A name that follows another resource's, such as a log
// group's that of its function, has that one's pattern.
var namesOfAWS = map[string]*regexp.Regexp{
	"aws:apigateway/restApi:RestApi name":                               regexp.MustCompile(`^.{1,255}$`),
	"aws:apigatewayv2/api:Api name":                                     regexp.MustCompile(`^.{1,128}$`),
	"aws:apigatewayv2/authorizer:Authorizer name":                       regexp.MustCompile(`^.{1,128}$`),
	"aws:apigatewayv2/stage:Stage name":                                 regexp.MustCompile(`^(\$default|[A-Za-z0-9_-]{1,128})$`),
	"aws:apigatewayv2/vpcLink:VpcLink name":                             regexp.MustCompile(`^.{1,128}$`),
	"aws:cloudfront/function:Function name":                             regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`),
	"aws:cloudfront/originRequestPolicy:OriginRequestPolicy name":       regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`),
	"aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy name":   regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`),
	"aws:cloudwatch/dashboard:Dashboard dashboardName":                  regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`),
	"aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination name": regexp.MustCompile(`^[\w-]{1,60}$`),
	"aws:cloudwatch/logDeliverySource:LogDeliverySource name":           regexp.MustCompile(`^[\w-]{1,60}$`),
	"aws:cloudwatch/logGroup:LogGroup name":                             regexp.MustCompile(`^[._/#A-Za-z0-9-]{1,512}$`),
	"aws:cloudwatch/logMetricFilter:LogMetricFilter name":               regexp.MustCompile(`^[^:*]{1,512}$`),
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy policyName":     regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`),
	"aws:cloudwatch/metricAlarm:MetricAlarm name":                       regexp.MustCompile(`^.{1,255}$`),
	"aws:cloudwatch/queryDefinition:QueryDefinition name":               regexp.MustCompile(`^.{1,255}$`),
	"aws:dynamodb/table:Table name":                                     regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`),
	"aws:ec2/securityGroup:SecurityGroup name":                          regexp.MustCompile(`^[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}$`),
	"aws:iam/role:Role name":                                            regexp.MustCompile(`^[\w+=,.@-]{1,64}$`),
	"aws:iam/rolePolicy:RolePolicy name":                                regexp.MustCompile(`^[\w+=,.@-]{1,128}$`),
	"aws:kms/alias:Alias name":                                          regexp.MustCompile(`^alias/[A-Za-z0-9/_-]{1,250}$`),
	"aws:lambda/function:Function name":                                 regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`),
	"aws:lb/loadBalancer:LoadBalancer name":                             regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`),
	"aws:lb/targetGroup:TargetGroup name":                               regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`),
	"aws:route53/record:Record name":                                    regexp.MustCompile(`^[a-z0-9_.*-]{1,255}$`),
	"aws:s3/bucketV2:BucketV2 bucketPrefix":                             regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,36}$`),
	"aws:scheduler/schedule:Schedule name":                              regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`),
	"aws:scheduler/scheduleGroup:ScheduleGroup name":                    regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`),
	"aws:sns/topic:Topic name":                                          regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`),
	"aws:sqs/queue:Queue name":                                          regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`),
	"aws:ssm/parameter:Parameter name":                                  regexp.MustCompile(`^[A-Za-z0-9._/-]{1,1000}$`),
	"aws:wafv2/webAcl:WebAcl name":                                      regexp.MustCompile(`^[\w-]{1,128}$`),
}

// metricName matches names of metrics that AWS WAF accepts for a web ACL and its rules.
var metricName = regexp.MustCompile(`^[\w#:./-]{1,128}$`)

// nameInputs lists the inputs that name a resource.
var nameInputs = []resource.PropertyKey{"name", "namePrefix", "bucket", "bucketPrefix", "dashboardName", "functionName", "policyName"}

// references lists inputs of these names that refer to another resource.
var references = map[string]bool{
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig functionName": true,
	"aws:lambda/invocation:Invocation functionName":                               true,
}

// The stacks have the shortest and the longest valid name: 34 characters, or 30 with
// objects in Kubernetes.
func TestNamesAreValidInAWS(t *testing.T) {
	all := shapes(t)
	for shape, longest := range map[string]int{"everything": 30, "own network": 34, "private function": 34, "Bedrock with all": 34, "clients": 34} {
		for _, name := range []string{"1", strings.Repeat("x", longest)} {
			recorder := &pulumitest.Recorder{}
			artifacts := pulumitest.Artifacts(t)
			require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
				return stack.Deploy(ctx, all[shape], artifacts, "")
			}, pulumi.WithMocks(pulumitest.Project, name, recorder)), "%s of %s", shape, name)
			for _, r := range recorder.All() {
				checkNames(t, r)
			}
		}
	}
}

func checkNames(t *testing.T, r pulumitest.Registration) {
	t.Helper()
	if !strings.HasPrefix(r.Type, "aws:") {
		return
	}
	for _, input := range nameInputs {
		value := r.Text(string(input))
		key := r.Type + " " + string(input)
		// A name that is another resource's output is checked there.
		if value == "" || references[key] || (input == "bucket" && strings.HasPrefix(r.Type, "aws:s3/bucket")) {
			continue
		}
		pattern, known := namesOfAWS[key]
		if assert.True(t, known, "%s: the valid names of %s are missing in namesOfAWS", r.Name, key) {
			assert.Regexp(t, pattern, value, "%s: %s", r.Name, key)
		}
	}
	if r.Type == "aws:wafv2/webAcl:WebAcl" {
		assert.Regexp(t, metricName, r.Text("visibilityConfig.metricName"))
		for _, rule := range r.Input("rules").ArrayValue() {
			assert.Regexp(t, metricName, rule.ObjectValue()["visibilityConfig"].ObjectValue()["metricName"].StringValue())
		}
	}
}
