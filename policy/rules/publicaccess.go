package rules

import (
	"fmt"
	"slices"
	"strings"
)

// publicAccess covers access that bypasses the CloudFront distribution.
var publicAccess = Rule{
	Name:        "public-access",
	Description: "Only the CloudFront distribution is public.",
	check: func(r Resource) problems {
		return append(openByType.check(r), openPolicies(r)...)
	},
}

var openByType = byType{
	"aws:ec2/securityGroup:SecurityGroup": func(r Resource) (p problems) {
		for _, direction := range []string{"ingress", "egress"} {
			for _, rule := range r.at(direction).each() {
				for _, block := range slices.Concat(rule.at("cidrBlocks").each(), rule.at("ipv6CidrBlocks").each()) {
					p.unless(!isEverywhere(block), fmt.Sprintf("%s must not allow any address (%s): name another security group", direction, block.text()))
				}
			}
		}
		return p
	},
	"aws:ec2/securityGroupRule:SecurityGroupRule": func(r Resource) (p problems) {
		for _, block := range slices.Concat(r.at("cidrBlocks").each(), r.at("ipv6CidrBlocks").each()) {
			p.unless(!isEverywhere(block), fmt.Sprintf("it must not allow any address (%s): name another security group", block.text()))
		}
		return p
	},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": openRule,
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   openRule,
	"aws:lb/loadBalancer:LoadBalancer": func(r Resource) (p problems) {
		p.unless(r.at("internal").isTrue(), "internal must be true: clients must use CloudFront")
		return p
	},
	"aws:lambda/permission:Permission": func(r Resource) (p problems) {
		p.unless(r.at("principal").text() != "*", "principal must not be any principal")
		p.unless(r.at("sourceArn").isSet() || !isService(r.at("principal")),
			"sourceArn must say which resource of the service may invoke the function: other accounts have such resources too")
		return p
	},
	"aws:lambda/functionUrl:FunctionUrl": func(r Resource) (p problems) {
		p.unless(r.at("authorizationType").isOneOf("AWS_IAM"), "authorizationType must be AWS_IAM: the URL bypasses CloudFront")
		return p
	},
	"aws:apigatewayv2/api:Api": func(r Resource) (p problems) {
		p.unless(r.at("target").text() == "", "target must not be set: it creates a route without an authorizer")
		return p
	},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": func(r Resource) (p problems) {
		for _, input := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
			p.unless(r.at(input).isTrue(), input+" must be true")
		}
		return p
	},
	"aws:s3/bucketAclV2:BucketAclV2": func(r Resource) (p problems) {
		p.unless(!strings.HasPrefix(r.at("acl").text(), "public-") && r.at("acl").text() != "authenticated-read",
			"acl must not grant public access")
		return p
	},
	"aws:ec2/instance:Instance": func(r Resource) (p problems) {
		p.unless(r.at("associatePublicIpAddress").text() != "true", "associatePublicIpAddress must not be true")
		return p
	},
}

func openRule(r Resource) (p problems) {
	for _, input := range []string{"cidrIpv4", "cidrIpv6"} {
		p.unless(!isEverywhere(r.at(input)), fmt.Sprintf("%s must not be any address (%s): name another security group", input, r.at(input).text()))
	}
	return p
}

func isEverywhere(block value) bool { return strings.HasSuffix(block.text(), "/0") }

func isService(principal value) bool { return strings.HasSuffix(principal.text(), ".amazonaws.com") }

// openPolicies finds statements that allow any principal, or all identities of an identity
// provider.
func openPolicies(r Resource) problems {
	all, _ := allowed(r) // wildcard-iam reports policies that can't be decoded
	var p problems
	for _, s := range all {
		p.unless(len(s.NotPrincipal) == 0, "a statement allows any principal but those of NotPrincipal: list the principals that it allows")
		p.unless(!slices.Contains(s.Principal["AWS"], "*") || s.limits(isIdentity),
			"a statement allows any principal: name it, or restrict the source account or resource in a condition")
		p.unless(len(s.Principal["Federated"]) == 0 || s.limits(isSubject),
			"a statement trusts all identities of "+strings.Join(s.Principal["Federated"], ", ")+": name the subjects (:sub) in a condition, not all of them")
	}
	return p
}

// isIdentity reports whether a condition's key identifies the caller.
func isIdentity(key string) bool {
	return slices.Contains([]string{
		"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:sourcearn", "aws:sourceaccount",
		"aws:sourcevpc", "aws:sourcevpce", "kms:calleraccount",
	}, strings.ToLower(key))
}

func isSubject(key string) bool { return strings.HasSuffix(strings.ToLower(key), ":sub") }
