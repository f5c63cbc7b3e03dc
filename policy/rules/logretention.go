package rules

var logRetention = Rule{
	Name:        "log-retention",
	Description: "Requests and connections are logged, and logs expire.",
	check: byType{
		"aws:cloudwatch/logGroup:LogGroup": func(r Resource) (p problems) {
			p.unless(r.at("retentionInDays").isAtLeast(1), "retentionInDays must be set: otherwise logs never expire, and cost more and more")
			return p
		},
		"aws:apigatewayv2/stage:Stage": func(r Resource) (p problems) {
			p.unless(r.at("accessLogSettings", "destinationArn").isSet(), "accessLogSettings must have a destination for the access log")
			return p
		},
		"aws:ec2/flowLog:FlowLog": func(r Resource) (p problems) {
			p.unless(r.at("trafficType").isOneOf("ALL"), "trafficType must be ALL: rejected connections alone don't show which were accepted")
			return p
		},
	}.check,
}
