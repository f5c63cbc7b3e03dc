package rules

import (
	"fmt"
	"slices"
	"strings"
)

// publicAccess is about who gets to what beside the front door.
var publicAccess = Rule{
	Name:        "public-access",
	Description: "Nothing is open to everybody but the front door.",
	check: func(r Resource) problems {
		return append(openByType.check(r), openPolicies(r)...)
	},
}

var openByType = byType{
	"aws:ec2/securityGroup:SecurityGroup": func(r Resource) (p problems) {
		for _, direction := range []string{"ingress", "egress"} {
			for _, rule := range r.at(direction).each() {
				for _, block := range slices.Concat(rule.at("cidrBlocks").each(), rule.at("ipv6CidrBlocks").each()) {
					p.unless(!isEverywhere(block), fmt.Sprintf("%s must not be with every address (%s): name another group", direction, block.text()))
				}
			}
		}
		return p
	},
	"aws:ec2/securityGroupRule:SecurityGroupRule": func(r Resource) (p problems) {
		for _, block := range slices.Concat(r.at("cidrBlocks").each(), r.at("ipv6CidrBlocks").each()) {
			p.unless(!isEverywhere(block), fmt.Sprintf("it must not be about every address (%s): name another group", block.text()))
		}
		return p
	},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": openRule,
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   openRule,
	"aws:lb/loadBalancer:LoadBalancer": func(r Resource) (p problems) {
		p.unless(r.at("internal").isTrue(), "internal must be true: the way in is CloudFront")
		return p
	},
	"aws:lambda/permission:Permission": func(r Resource) (p problems) {
		p.unless(r.at("principal").text() != "*", "principal must not be everybody")
		p.unless(r.at("sourceArn").isSet() || !isService(r.at("principal")),
			"sourceArn must say which resource of the service may invoke the function: other accounts have such resources too")
		return p
	},
	"aws:lambda/functionUrl:FunctionUrl": func(r Resource) (p problems) {
		p.unless(r.at("authorizationType").isOneOf("AWS_IAM"), "authorizationType must be AWS_IAM: the URL is another way in")
		return p
	},
	"aws:apigatewayv2/api:Api": func(r Resource) (p problems) {
		p.unless(r.at("target").text() == "", "target must not be given: it makes a route without an authorizer")
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
			"acl must not be one for everybody")
		return p
	},
	"aws:ec2/instance:Instance": func(r Resource) (p problems) {
		p.unless(r.at("associatePublicIpAddress").text() != "true", "associatePublicIpAddress must not be true")
		return p
	},
}

func openRule(r Resource) (p problems) {
	for _, input := range []string{"cidrIpv4", "cidrIpv6"} {
		p.unless(!isEverywhere(r.at(input)), fmt.Sprintf("%s must not be every address (%s): name another group", input, r.at(input).text()))
	}
	return p
}

func isEverywhere(block value) bool { return strings.HasSuffix(block.text(), "/0") }

func isService(principal value) bool { return strings.HasSuffix(principal.text(), ".amazonaws.com") }

// openPolicies finds statements about everybody, or about all of a federation's
// identities.
func openPolicies(r Resource) problems {
	all, _ := allowed(r) // what can't be read is told by wildcard-iam
	var p problems
	for _, s := range all {
		p.unless(len(s.NotPrincipal) == 0, "a statement allows everybody but those of NotPrincipal: name whom it allows")
		p.unless(!slices.Contains(s.Principal["AWS"], "*") || s.limits(isIdentity),
			"a statement's principal is everybody: name it, or the account or the resource that it comes from in a condition")
		p.unless(len(s.Principal["Federated"]) == 0 || s.limits(isSubject),
			"a statement trusts all identities of "+strings.Join(s.Principal["Federated"], ", ")+": name the subjects (:sub) in a condition, not all of them")
	}
	return p
}

// isIdentity reports whether a condition's key says who asks.
func isIdentity(key string) bool {
	return slices.Contains([]string{
		"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:sourcearn", "aws:sourceaccount",
		"aws:sourcevpc", "aws:sourcevpce", "kms:calleraccount",
	}, strings.ToLower(key))
}

func isSubject(key string) bool { return strings.HasSuffix(strings.ToLower(key), ":sub") }
