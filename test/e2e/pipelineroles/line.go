package pipelineroles

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// conditionKeys are those that permissions.yaml knows, as IAM spells them.
var conditionKeys = []string{
	"aws:RequestTag/project", "aws:RequestTag/stack", "aws:ResourceTag/project", "aws:ResourceTag/stack",
	"ec2:CreateAction", "iam:AWSServiceName", "iam:PassedToService", "iam:PermissionsBoundary",
	"kms:EncryptionContext:PARAMETER_ARN", "kms:ViaService", "route53:ChangeResourceRecordSetsRecordTypes",
}

// line is a call as calls.txt has it: action, resource, and key=value for each
// condition.
func line(c awsclient.Call) string {
	parts := []string{c.Action, normal(c.Resource)}
	for _, key := range conditionKeys {
		for _, value := range values(c.Conditions[strings.ToLower(key)]) {
			parts = append(parts, key+"="+normal(value))
		}
	}
	return strings.Join(parts, " ")
}

func values(given any) []string {
	switch given := given.(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, one := range given {
			all = append(all, fmt.Sprint(one))
		}
		slices.Sort(all)
		return slices.Compact(all)
	default:
		return []string{fmt.Sprint(given)}
	}
}

// variable are the parts of ARNs that differ from run to run, with what stands for
// them.
var variable = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "UUID"},
	{regexp.MustCompile(`\b(acl|eigw|eipalloc|eipassoc|eni|fl|igw|nat|rtb|rtbassoc|sg|sgr|subnet|vpc|vpce)-[0-9a-f]{8,17}\b`), "$1-ID"},
	{regexp.MustCompile(`\b(distribution|change)/[0-9A-Za-z]+`), "$1/ID"},
	{regexp.MustCompile(`\bhostedzone/[0-9A-Za-z]+`), "hostedzone/ZONE"},
	{regexp.MustCompile(`/(apis|authorizers|integrations|routes|vpclinks)/[0-9a-z]+`), "/$1/ID"},
	{regexp.MustCompile(`\bdelivery:[0-9A-Za-z]+`), "delivery:ID"},
	{regexp.MustCompile(`\b(listener/app|loadbalancer/app|targetgroup)/([^/]+)(/[0-9a-z]{16}){1,2}`), "$1/$2/ID"},
	{regexp.MustCompile(`\borigin-key/[0-9A-Za-z.-]+`), "origin-key/KEY"},
	{regexp.MustCompile(`-[0-9]{18}[0-9a-f]{8}\b`), "-SUFFIX"}, // that Terraform gives to a prefix
	{regexp.MustCompile(`-[0-9a-f]{7}($|[/:])`), "-HEX$1"},
}

// normal is an ARN without what differs from run to run. One that is part of another,
// escaped, is read as well.
func normal(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	for _, v := range variable {
		text = v.pattern.ReplaceAllString(text, v.name)
	}
	return strings.ReplaceAll(text, " ", "+")
}
