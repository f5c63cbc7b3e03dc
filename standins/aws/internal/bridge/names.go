package bridge

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

// nameAttributes are the names that Terraform does not require and does not call "name".
var nameAttributes = map[string]string{
	"aws_s3_bucket": "bucket",
	"aws_key_pair":  "key_name",
}

// nameLimits are AWS's limits, where they are below the bridge's usual 255.
var nameLimits = map[string]int{
	"aws_apigatewayv2_api":                   128,
	"aws_apigatewayv2_authorizer":            128,
	"aws_apigatewayv2_stage":                 128,
	"aws_apigatewayv2_vpc_link":              128,
	"aws_cloudfront_cache_policy":            128,
	"aws_cloudfront_function":                64,
	"aws_cloudfront_origin_access_control":   64,
	"aws_cloudfront_origin_request_policy":   128,
	"aws_cloudfront_response_headers_policy": 128,
	"aws_cloudwatch_event_bus":               256,
	"aws_cloudwatch_event_rule":              64,
	"aws_iam_group":                          128,
	"aws_iam_instance_profile":               128,
	"aws_iam_policy":                         128,
	"aws_iam_role":                           64,
	"aws_iam_role_policy":                    128,
	"aws_iam_user":                           64,
	"aws_lambda_alias":                       128,
	"aws_lambda_function":                    64,
	"aws_lb":                                 32,
	"aws_lb_target_group":                    32,
	"aws_resourcegroups_group":               127,
	"aws_s3_bucket":                          63,
	"aws_scheduler_schedule":                 64,
	"aws_scheduler_schedule_group":           64,
	"aws_sqs_queue":                          80,
	"aws_wafv2_ip_set":                       128,
	"aws_wafv2_regex_pattern_set":            128,
	"aws_wafv2_rule_group":                   128,
	"aws_wafv2_web_acl":                      128,
}

// randomDigits end a name, as they do with the official plugin.
const randomDigits = 7

// autoName has the resource's name generated when it is left out.
func autoName(entry *table.Entry, schema shim.SchemaMap, r *info.Resource) {
	attribute := nameAttribute(entry, schema)
	if attribute == "" {
		return
	}
	options := nameOptions(entry.Terraform)
	field := r.Fields[attribute]
	if field == nil {
		field = &info.Schema{}
		r.Fields[attribute] = field
	}
	prefix := resource.PropertyKey(propertyName(attribute, schema, r.Fields) + "Prefix")
	field.Default = &info.Default{
		AutoNamed: true,
		ComputeDefault: func(ctx context.Context, o info.ComputeDefaultOptions) (any, error) {
			if _, prefixed := o.Properties[prefix]; prefixed {
				return nil, nil // then Terraform generates the name
			}
			return info.ComputeAutoNameDefault(ctx, options, o)
		},
	}
}

// nameAttribute returns the name that Terraform requires and the SDK does not, or else the attribute "name".
func nameAttribute(entry *table.Entry, schema shim.SchemaMap) string {
	if name, ok := nameAttributes[entry.Terraform]; ok {
		return name
	}
	for name, field := range entry.Fields {
		if field.Auto {
			return name
		}
	}
	if s, ok := schema.GetOk("name"); ok && s.Optional() && s.Type() == shim.TypeString {
		return "name"
	}
	return ""
}

func nameOptions(terraform string) info.AutoNameOptions {
	options := info.AutoNameOptions{Separator: "-", Maxlen: 255, Randlen: randomDigits}
	if limit, ok := nameLimits[terraform]; ok {
		options.Maxlen = limit
	}
	switch terraform {
	case "aws_s3_bucket":
		options.Transform = strings.ToLower
	case "aws_s3_object", "aws_s3_bucket_object":
		options.Randlen = 0 // an object's key is unique in its bucket only
	case "aws_kms_alias":
		options.Transform = func(name string) string { return "alias/" + name }
	case "aws_sqs_queue", "aws_sns_topic":
		options.Maxlen -= len(".fifo")
		options.PostTransform = fifo
	}
	return options
}

// fifo adds the suffix that AWS requires of such queues and topics.
func fifo(r *info.PulumiResource, name string) (string, error) {
	if v, ok := r.Properties["fifoTopic"]; ok && v.IsBool() && v.BoolValue() {
		return name + ".fifo", nil
	}
	if v, ok := r.Properties["fifoQueue"]; ok && v.IsBool() && v.BoolValue() {
		return name + ".fifo", nil
	}
	return name, nil
}

// madeUp reports whether autoName generated this name for the resource: its own, a separator and random digits.
func madeUp(urn resource.URN, name string) bool {
	stem := strings.TrimSuffix(name, ".fifo")
	if len(stem) <= randomDigits {
		return false
	}
	stem, random := stem[:len(stem)-randomDigits], stem[len(stem)-randomDigits:]
	return strings.Trim(random, "0123456789abcdef") == "" &&
		strings.HasSuffix(strings.ToLower(stem), strings.ToLower(urn.Name())+"-")
}
