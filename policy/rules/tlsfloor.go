package rules

import (
	"fmt"
	"slices"
	"strings"
)

// tlsFloor requires TLS 1.2 wherever it can be configured, which it can't for CloudFront's
// own domain name (docs/security.md). Inside the VPC, a listener without TLS is allowed
// (docs/inference.md).
var tlsFloor = Rule{
	Name:        "tls-floor",
	Description: "Connections are encrypted with TLS 1.2 or newer.",
	check: byType{
		"aws:cloudfront/distribution:Distribution": func(r Resource) (p problems) {
			for _, behavior := range append(r.at("orderedCacheBehaviors").each(), r.at("defaultCacheBehavior")) {
				p.unless(behavior.at("viewerProtocolPolicy").isOneOf("https-only", "redirect-to-https"),
					"viewerProtocolPolicy of each behavior must be https-only or redirect-to-https")
			}
			certificate := r.at("viewerCertificate")
			p.unless(certificate.IsComputed() || certificate.at("cloudfrontDefaultCertificate").isTrue() ||
				certificate.at("minimumProtocolVersion").isOneOf("TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"),
				"viewerCertificate.minimumProtocolVersion must be TLSv1.2_2018 or newer, such as TLSv1.2_2021")
			for _, origin := range r.at("origins").each() {
				p = append(p, weakOrigin(origin)...)
			}
			return p
		},
		"aws:lb/listener:Listener": func(r Resource) (p problems) {
			p.unless(!slices.Contains([]string{"HTTPS", "TLS"}, r.at("protocol").text()) || isStrong(r.at("sslPolicy")),
				"sslPolicy must be one of those for TLS 1.2 or newer, such as ELBSecurityPolicy-TLS13-1-2-2021-06")
			return p
		},
		"aws:apigatewayv2/domainName:DomainName": func(r Resource) (p problems) {
			p.unless(r.at("domainNameConfiguration", "securityPolicy").isOneOf("TLS_1_2"), "domainNameConfiguration.securityPolicy must be TLS_1_2")
			return p
		},
		"aws:apigateway/domainName:DomainName": func(r Resource) (p problems) {
			p.unless(r.at("securityPolicy").isOneOf("TLS_1_2"), "securityPolicy must be TLS_1_2")
			return p
		},
		"aws:apigatewayv2/integration:Integration": func(r Resource) (p problems) {
			p.unless(!strings.HasPrefix(r.at("integrationUri").text(), "http:"), "integrationUri must begin with https: it uses the internet")
			return p
		},
		"aws:sns/topicSubscription:TopicSubscription": func(r Resource) (p problems) {
			p.unless(r.at("protocol").text() != "http", "protocol must not be http: use https")
			return p
		},
	}.check,
}

func weakOrigin(origin value) (p problems) {
	custom := origin.at("customOriginConfig")
	if !custom.isSet() || custom.IsComputed() {
		return nil
	}
	p.unless(custom.at("originProtocolPolicy").isOneOf("https-only"),
		fmt.Sprintf("origin %s: originProtocolPolicy must be https-only", origin.at("originId").text()))
	for _, protocol := range custom.at("originSslProtocols").each() {
		p.unless(protocol.isOneOf("TLSv1.2"), fmt.Sprintf("origin %s: originSslProtocols must be TLSv1.2 alone", origin.at("originId").text()))
	}
	return p
}

func isStrong(sslPolicy value) bool {
	name := sslPolicy.text()
	return sslPolicy.IsComputed() || strings.Contains(name, "TLS13-1-2") || strings.Contains(name, "TLS13-1-3") || strings.Contains(name, "TLS-1-2")
}
