package waf

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const (
	webACL  = "aws:wafv2/webAcl:WebAcl"
	logging = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
)

func run(t *testing.T, change func(*config.Settings)) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		s := pulumitest.Settings(t)
		change(&s)
		_, err := New(ctx, "firewall", &Args{
			Deployment: pulumitest.Deployment(t),
			Settings:   s.Firewall,
			BodyLimit:  s.Edge.BodyLimit,
			KeyHeader:  "x-origin-key",
		})
		return err
	})
}

func unchanged(*config.Settings) {}

// ruleOf returns the rule with a name.
func ruleOf(t *testing.T, recorder *pulumitest.Recorder, name string) map[string]any {
	t.Helper()
	for _, each := range recorder.Only(t, webACL).Input("rules").Mappable().([]any) {
		if rule := each.(map[string]any); rule["name"] == name {
			return rule
		}
	}
	require.Failf(t, "no such rule", "%s", name)
	return nil
}

func TestWebACLIsForCloudFrontAndAllowsByDefault(t *testing.T) {
	acl := run(t, unchanged).Only(t, webACL)
	assert.Equal(t, "CLOUDFRONT", acl.Text("scope"))
	assert.Equal(t, map[string]any{"allow": map[string]any{}}, acl.Input("defaultAction").Mappable())
	assert.Equal(t, resource.NewProperty(false), acl.Input("visibilityConfig.sampledRequestsEnabled"), "samples show all headers")
}

func TestEveryRuleBlocksInItsOrder(t *testing.T) {
	recorder := run(t, unchanged)
	for priority, name := range config.Rules {
		rule := ruleOf(t, recorder, name)
		assert.InDelta(t, priority, rule["priority"], 0, name)
		assert.Equal(t, false, rule["visibilityConfig"].(map[string]any)["sampledRequestsEnabled"], name)
		if action, ok := rule["action"].(map[string]any); ok {
			assert.Contains(t, action, "block", name)
			assert.NotContains(t, rule, "overrideAction", name)
		} else {
			assert.Equal(t, map[string]any{"none": map[string]any{}}, rule["overrideAction"], name)
		}
	}
}

func TestEachRuleCanCountInstead(t *testing.T) {
	for _, counted := range config.Rules {
		t.Run(counted, func(t *testing.T) {
			recorder := run(t, func(s *config.Settings) { s.Firewall.Counted = []string{counted} })
			count := map[string]any{"count": map[string]any{}}
			for _, name := range config.Rules {
				rule := ruleOf(t, recorder, name)
				if name != counted {
					assert.NotEqual(t, count, rule["action"], name)
					assert.NotEqual(t, count, rule["overrideAction"], name)
				} else if _, managed := managedGroups[name]; managed {
					assert.Equal(t, count, rule["overrideAction"])
				} else {
					assert.Equal(t, count, rule["action"])
				}
			}
		})
	}
}

func TestRateLimitFollowsTheSettings(t *testing.T) {
	rule := ruleOf(t, run(t, func(s *config.Settings) {
		s.Firewall.RateLimit, s.Firewall.RateWindow = 10, time.Minute
	}), config.RuleRateLimit)
	assert.Equal(t, map[string]any{"rateBasedStatement": map[string]any{
		"aggregateKeyType": "IP", "evaluationWindowSec": 60.0, "limit": 10.0,
	}}, rule["statement"])
}

func TestManagedGroups(t *testing.T) {
	recorder := run(t, unchanged)
	for name, want := range map[string]string{
		config.RuleIPReputation:   "AWSManagedRulesAmazonIpReputationList",
		config.RuleKnownBadInputs: "AWSManagedRulesKnownBadInputsRuleSet",
	} {
		assert.Equal(t, map[string]any{"managedRuleGroupStatement": map[string]any{"vendorName": "AWS", "name": want}},
			ruleOf(t, recorder, name)["statement"])
	}
}

func TestRulesWithFalsePositivesForPromptsOnlyCount(t *testing.T) {
	statement := ruleOf(t, run(t, unchanged), config.RuleCommon)["statement"].(map[string]any)["managedRuleGroupStatement"].(map[string]any)
	assert.Equal(t, "AWSManagedRulesCommonRuleSet", statement["name"])
	var names []string
	for _, each := range statement["ruleActionOverrides"].([]any) {
		override := each.(map[string]any)
		names = append(names, override["name"].(string))
		assert.Equal(t, map[string]any{"count": map[string]any{}}, override["actionToUse"])
	}
	assert.Equal(t, append(promptRules, targetRules...), names)
	assert.Contains(t, names, "SizeRestrictions_BODY")
}

func TestInspectedBodyIsMeasured(t *testing.T) {
	for _, limit := range []int{1024, 16 << 10} {
		rule := ruleOf(t, run(t, func(s *config.Settings) { s.Edge.BodyLimit = limit }), config.RuleBodySize)
		assert.Equal(t, map[string]any{"sizeConstraintStatement": map[string]any{
			"fieldToMatch":       map[string]any{"body": map[string]any{"oversizeHandling": "MATCH"}},
			"comparisonOperator": "GT", "size": float64(limit),
			"textTransformations": []any{map[string]any{"priority": 0.0, "type": "NONE"}},
		}}, rule["statement"])
	}
}

func TestLargerBodyIsMeasuredByItsDeclaredLength(t *testing.T) {
	rule := ruleOf(t, run(t, func(s *config.Settings) { s.Edge.BodyLimit = 16<<10 + 1 }), config.RuleBodySize)
	assert.Equal(t, map[string]any{"regexMatchStatement": map[string]any{
		"fieldToMatch":        map[string]any{"singleHeader": map[string]any{"name": "content-length"}},
		"regexString":         numberAbove(16<<10 + 1),
		"textTransformations": []any{map[string]any{"priority": 0.0, "type": "NONE"}},
	}}, rule["statement"])
}

func TestInspectedSizeOfABodyIsASetting(t *testing.T) {
	path := "associationConfig.requestBodies[0].cloudfronts[0].defaultSizeInspectionLimit"
	assert.Equal(t, "KB_16", run(t, unchanged).Only(t, webACL).Text(path))
	assert.Equal(t, "KB_64", run(t, func(s *config.Settings) { s.Firewall.Inspected = 64 }).Only(t, webACL).Text(path))
}

func TestOurRulesReturnProblemDocuments(t *testing.T) {
	recorder := run(t, unchanged)
	bodies := map[string]string{}
	for _, each := range recorder.Only(t, webACL).Input("customResponseBodies").Mappable().([]any) {
		body := each.(map[string]any)
		assert.Equal(t, "APPLICATION_JSON", body["contentType"])
		bodies[body["key"].(string)] = body["content"].(string)
	}
	for name, want := range map[string]struct {
		status float64
		title  string
	}{
		config.RuleRateLimit: {429, "Too Many Requests"},
		config.RuleBodySize:  {413, "Request Entity Too Large"},
	} {
		custom := ruleOf(t, recorder, name)["action"].(map[string]any)["block"].(map[string]any)["customResponse"].(map[string]any)
		assert.InDelta(t, want.status, custom["responseCode"], 0)
		var problem map[string]any
		require.NoError(t, json.Unmarshal([]byte(bodies[custom["customResponseBodyKey"].(string)]), &problem))
		assert.Equal(t, want.title, problem["title"])
		assert.InDelta(t, want.status, problem["status"], 0)
	}
	retry := ruleOf(t, recorder, config.RuleRateLimit)["action"].(map[string]any)["block"].(map[string]any)["customResponse"].(map[string]any)["responseHeaders"]
	assert.Equal(t, []any{map[string]any{"name": "retry-after", "value": "60"}}, retry)
}

func TestSecretHeadersAreRedactedInTheLog(t *testing.T) {
	recorder := run(t, unchanged)
	group := recorder.Only(t, "aws:cloudwatch/logGroup:LogGroup")
	assert.Equal(t, "aws-waf-logs-gatehouse-test", group.Text("name"), "AWS takes no other start")
	assert.InDelta(t, 30, group.Input("retentionInDays").NumberValue(), 0)

	l := recorder.Only(t, logging)
	assert.Equal(t, []any{"arn:aws:mock:::LogGroup/firewall-logs"}, l.Input("logDestinationConfigs").Mappable())
	assert.Equal(t, "arn:aws:mock:::WebAcl/firewall-acl", l.Text("resourceArn"))
	var headers []any
	for _, field := range l.Input("redactedFields").Mappable().([]any) {
		headers = append(headers, field.(map[string]any)["singleHeader"].(map[string]any)["name"])
	}
	assert.Equal(t, []any{"x-origin-key", "authorization", "cookie", "x-api-key", "api-key", "x-gatehouse-credential"}, headers)
}

func TestOnlyLogDeliveryOfThisAccountMayWriteTheLog(t *testing.T) {
	policy := run(t, unchanged).Only(t, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy")
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{
		"Sid": "AWSLogDeliveryWrite20150319", "Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
		"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": ["arn:aws:mock:::LogGroup/firewall-logs:log-stream:*"],
		"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}, "ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:*"}}
	}]}`, policy.Text("policyDocument"))
}

func TestLoggedRequestsAreASetting(t *testing.T) {
	assert.Empty(t, run(t, func(s *config.Settings) { s.Firewall.Logs = config.FirewallLogsNone }).OfType(logging))
	assert.Empty(t, run(t, func(s *config.Settings) { s.Firewall.Logs = config.FirewallLogsNone }).OfType("aws:cloudwatch/logGroup:LogGroup"))

	all := run(t, func(s *config.Settings) { s.Firewall.Logs = config.FirewallLogsAll }).Only(t, logging)
	assert.True(t, all.Input("loggingFilter").IsNull())

	kept := func(change func(*config.Settings)) any {
		l := run(t, change).Only(t, logging)
		assert.Equal(t, "DROP", l.Text("loggingFilter.defaultBehavior"))
		assert.Equal(t, "KEEP", l.Text("loggingFilter.filters[0].behavior"))
		return l.Input("loggingFilter.filters[0].conditions").Mappable()
	}
	condition := func(action string) any {
		return map[string]any{"actionCondition": map[string]any{"action": action}}
	}
	assert.Equal(t, []any{condition("BLOCK")}, kept(unchanged))
	assert.Equal(t, []any{condition("BLOCK"), condition("COUNT")},
		kept(func(s *config.Settings) { s.Firewall.Counted = []string{config.RuleCommon} }))
}
