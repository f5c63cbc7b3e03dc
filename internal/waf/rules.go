package waf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// managedGroups are the rule groups of AWS that the rules ask.
var managedGroups = map[string]string{
	config.RuleIPReputation:   "AWSManagedRulesAmazonIpReputationList",
	config.RuleCommon:         "AWSManagedRulesCommonRuleSet",
	config.RuleKnownBadInputs: "AWSManagedRulesKnownBadInputsRuleSet",
}

// promptRules are those of the common group that take a prompt for an attack: its
// size, beyond 8 KB, and what it tells of scripts, paths and addresses. The text is for a
// model, which runs none of it. They count, and label, what they find.
var promptRules = []string{
	"SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "EC2MetaDataSSRF_BODY",
}

// targetRules are those of the common group with fixed limits for paths, 1,024 bytes, and
// queries, 2,048. The viewer-request function has a limit for both that can be set, and
// answers with a problem document that pages can read. They count as well.
var targetRules = []string{"SizeRestrictions_URIPATH", "SizeRestrictions_QUERYSTRING"}

// rules are all rules in the order of [settings.Rules].
func rules(args *Args) wafv2.WebAclRuleArray {
	all := make(wafv2.WebAclRuleArray, len(config.Rules))
	for priority, rule := range config.Rules {
		counts := slices.Contains(args.Settings.Counted, rule)
		each := &wafv2.WebAclRuleArgs{
			Name:     pulumi.String(rule),
			Priority: pulumi.Int(priority),
			VisibilityConfig: &wafv2.WebAclRuleVisibilityConfigArgs{
				CloudwatchMetricsEnabled: pulumi.Bool(true),
				MetricName:               pulumi.String(args.Deployment.Name + "-" + rule),
				SampledRequestsEnabled:   pulumi.Bool(false),
			},
		}
		switch rule {
		case config.RuleRateLimit:
			each.Statement, each.Action = rateLimit(args.Settings), action(tooManyRequests, counts)
		case config.RuleBodySize:
			each.Statement, each.Action = bodySize(args), action(contentTooLarge, counts)
		default:
			each.Statement, each.OverrideAction = managedGroup(rule), overrideAction(counts)
		}
		all[priority] = each
	}
	return all
}

func rateLimit(s config.Firewall) *wafv2.WebAclRuleStatementArgs {
	return &wafv2.WebAclRuleStatementArgs{RateBasedStatement: &wafv2.WebAclRuleStatementRateBasedStatementArgs{
		AggregateKeyType:    pulumi.String("IP"),
		EvaluationWindowSec: pulumi.Int(int(s.RateWindow.Seconds())),
		Limit:               pulumi.Int(s.RateLimit),
	}}
}

// bodySize matches bodies over the limit. What the firewall reads of a body it can
// measure; of a larger one it knows the length that is declared.
func bodySize(args *Args) *wafv2.WebAclRuleStatementArgs {
	if args.BodyLimit > args.Settings.Inspected<<10 {
		return &wafv2.WebAclRuleStatementArgs{RegexMatchStatement: &wafv2.WebAclRuleStatementRegexMatchStatementArgs{
			FieldToMatch: &wafv2.WebAclRuleStatementRegexMatchStatementFieldToMatchArgs{
				SingleHeader: &wafv2.WebAclRuleStatementRegexMatchStatementFieldToMatchSingleHeaderArgs{Name: pulumi.String("content-length")},
			},
			RegexString: pulumi.String(numberAbove(args.BodyLimit)),
			TextTransformations: wafv2.WebAclRuleStatementRegexMatchStatementTextTransformationArray{
				&wafv2.WebAclRuleStatementRegexMatchStatementTextTransformationArgs{Priority: pulumi.Int(0), Type: pulumi.String("NONE")},
			},
		}}
	}
	return &wafv2.WebAclRuleStatementArgs{SizeConstraintStatement: &wafv2.WebAclRuleStatementSizeConstraintStatementArgs{
		FieldToMatch: &wafv2.WebAclRuleStatementSizeConstraintStatementFieldToMatchArgs{
			Body: &wafv2.WebAclRuleStatementSizeConstraintStatementFieldToMatchBodyArgs{OversizeHandling: pulumi.String("MATCH")},
		},
		ComparisonOperator: pulumi.String("GT"),
		Size:               pulumi.Int(args.BodyLimit),
		TextTransformations: wafv2.WebAclRuleStatementSizeConstraintStatementTextTransformationArray{
			&wafv2.WebAclRuleStatementSizeConstraintStatementTextTransformationArgs{Priority: pulumi.Int(0), Type: pulumi.String("NONE")},
		},
	}}
}

func managedGroup(rule string) *wafv2.WebAclRuleStatementArgs {
	group := &wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs{
		VendorName: pulumi.String("AWS"),
		Name:       pulumi.String(managedGroups[rule]),
	}
	if rule == config.RuleCommon {
		group.RuleActionOverrides = counted(slices.Concat(promptRules, targetRules))
	}
	return &wafv2.WebAclRuleStatementArgs{ManagedRuleGroupStatement: group}
}

func counted(rules []string) wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArray {
	overrides := make(wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArray, len(rules))
	for i, rule := range rules {
		overrides[i] = &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs{
			Name: pulumi.String(rule),
			ActionToUse: &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs{
				Count: &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs{},
			},
		}
	}
	return overrides
}

// action is that of a rule of ours: what it answers, or that it counts.
func action(r response, counts bool) *wafv2.WebAclRuleActionArgs {
	if counts {
		return &wafv2.WebAclRuleActionArgs{Count: &wafv2.WebAclRuleActionCountArgs{}}
	}
	return &wafv2.WebAclRuleActionArgs{Block: &wafv2.WebAclRuleActionBlockArgs{CustomResponse: r.custom()}}
}

// overrideAction is that of a group: what its rules say, or that all of them count.
func overrideAction(counts bool) *wafv2.WebAclRuleOverrideActionArgs {
	if counts {
		return &wafv2.WebAclRuleOverrideActionArgs{Count: &wafv2.WebAclRuleOverrideActionCountArgs{}}
	}
	return &wafv2.WebAclRuleOverrideActionArgs{None: &wafv2.WebAclRuleOverrideActionNoneArgs{}}
}

// inspection says how much of a body the rules read: kilobytes is 16, 32, 48 or 64.
func inspection(kilobytes int) *wafv2.WebAclAssociationConfigArgs {
	return &wafv2.WebAclAssociationConfigArgs{RequestBodies: wafv2.WebAclAssociationConfigRequestBodyArray{
		&wafv2.WebAclAssociationConfigRequestBodyArgs{Cloudfronts: wafv2.WebAclAssociationConfigRequestBodyCloudfrontArray{
			&wafv2.WebAclAssociationConfigRequestBodyCloudfrontArgs{
				DefaultSizeInspectionLimit: pulumi.String(fmt.Sprintf("KB_%d", kilobytes)),
			},
		}},
	}}
}

// numberAbove returns a regular expression for decimal numbers greater than limit,
// which is positive: AWS WAF compares no numbers. Leading zeros may be there.
func numberAbove(limit int) string {
	digits := strconv.Itoa(limit)
	// More digits, or the same until one is greater.
	ways := []string{fmt.Sprintf("[1-9][0-9]{%d,}", len(digits))}
	for i, digit := range digits {
		if digit == '9' {
			continue
		}
		way := digits[:i] + fmt.Sprintf("[%c-9]", digit+1)
		if rest := len(digits) - i - 1; rest > 0 {
			way += fmt.Sprintf("[0-9]{%d}", rest)
		}
		ways = append(ways, way)
	}
	return "^0*(" + strings.Join(ways, "|") + ")$"
}
