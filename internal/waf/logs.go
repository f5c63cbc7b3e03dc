package waf

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// secretHeaders are the headers with clients' credentials, redacted in addition to the
// origin header. The web ACL sees a request before the edge removes the last of them, which
// no viewer should send.
var secretHeaders = []string{"authorization", "cookie", "x-api-key", "api-key", credential.Header}

// newLogs declares the web ACL's log. AWS requires the prefix of the group's name.
func (w *WebACL) newLogs(ctx *pulumi.Context, name string, args *Args, acl *wafv2.WebAcl) error {
	group, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String("aws-waf-logs-" + args.Deployment.Name),
		RetentionInDays: pulumi.Int(args.Deployment.LogRetentionDays),
	}, pulumi.Parent(w), args.Deployment.HoldsData())
	if err != nil {
		return err
	}
	mayWrite, err := w.letWrite(ctx, name, args, group)
	if err != nil {
		return err
	}
	configuration := &wafv2.WebAclLoggingConfigurationArgs{
		ResourceArn:           acl.Arn,
		LogDestinationConfigs: pulumi.StringArray{group.Arn},
		RedactedFields:        redacted(args.KeyHeader),
	}
	if args.Settings.Logs == config.FirewallLogsMatched {
		configuration.LoggingFilter = matchedOnly(args.Settings)
	}
	_, err = wafv2.NewWebAclLoggingConfiguration(ctx, name+"-logging", configuration, pulumi.Parent(w), pulumi.DependsOn([]pulumi.Resource{mayWrite}))
	return err
}

// letWrite permits AWS's log delivery service to write to the group. AWS would create a
// policy with this statement itself, and not delete it.
func (w *WebACL) letWrite(ctx *pulumi.Context, name string, args *Args, group *cloudwatch.LogGroup) (*cloudwatch.LogResourcePolicy, error) {
	d := args.Deployment
	return cloudwatch.NewLogResourcePolicy(ctx, name+"-logs-policy", &cloudwatch.LogResourcePolicyArgs{
		PolicyName: pulumi.String(d.Name + "-waf-logs"),
		PolicyDocument: iampolicy.Document(iampolicy.Statement{
			Sid:       "AWSLogDeliveryWrite20150319",
			Principal: iampolicy.Principal{Type: "Service", ID: pulumi.String("delivery.logs.amazonaws.com")},
			Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: pulumi.StringArray{pulumi.Sprintf("%s:log-stream:*", group.Arn)},
			Conditions: []iampolicy.Condition{
				{Operator: "StringEquals", Key: "aws:SourceAccount", Value: pulumi.String(d.AccountID)},
				{Operator: "ArnLike", Key: "aws:SourceArn", Value: pulumi.Sprintf("arn:%s:logs:%s:%s:*", d.Partition, config.GlobalRegion, d.AccountID)},
			},
		}),
	}, pulumi.Parent(w))
}

func redacted(keyHeader string) wafv2.WebAclLoggingConfigurationRedactedFieldArray {
	var fields wafv2.WebAclLoggingConfigurationRedactedFieldArray
	for _, header := range append([]string{keyHeader}, secretHeaders...) {
		fields = append(fields, &wafv2.WebAclLoggingConfigurationRedactedFieldArgs{
			SingleHeader: &wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs{Name: pulumi.String(header)},
		})
	}
	return fields
}

// matchedOnly returns a filter for requests that a rule blocked, and for those that a rule
// counted if the settings have rules that only count: otherwise the rules that always count
// prompts would fill the log.
func matchedOnly(s config.Firewall) *wafv2.WebAclLoggingConfigurationLoggingFilterArgs {
	actions := []string{"BLOCK"}
	if len(s.Counted) > 0 {
		actions = append(actions, "COUNT")
	}
	var conditions wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArray
	for _, action := range actions {
		conditions = append(conditions, &wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArgs{
			ActionCondition: &wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionActionConditionArgs{Action: pulumi.String(action)},
		})
	}
	return &wafv2.WebAclLoggingConfigurationLoggingFilterArgs{
		DefaultBehavior: pulumi.String("DROP"),
		Filters: wafv2.WebAclLoggingConfigurationLoggingFilterFilterArray{
			&wafv2.WebAclLoggingConfigurationLoggingFilterFilterArgs{
				Behavior: pulumi.String("KEEP"), Requirement: pulumi.String("MEETS_ANY"), Conditions: conditions,
			},
		},
	}
}
