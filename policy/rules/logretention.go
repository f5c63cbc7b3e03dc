package rules

var logRetention = Rule{
	Name:        "log-retention",
	Description: "Requests and connections are logged, and logs end.",
	check: byType{
		"aws:cloudwatch/logGroup:LogGroup": func(r Resource) (p problems) {
			p.unless(r.at("retentionInDays").isAtLeast(1), "retentionInDays must be given: logs are kept, and paid for, without end otherwise")
			return p
		},
		"aws:apigatewayv2/stage:Stage": func(r Resource) (p problems) {
			p.unless(r.at("accessLogSettings", "destinationArn").isSet(), "accessLogSettings must say where requests are logged")
			return p
		},
		"aws:ec2/flowLog:FlowLog": func(r Resource) (p problems) {
			p.unless(r.at("trafficType").isOneOf("ALL"), "trafficType must be ALL: refused connections alone don't tell what got through")
			return p
		},
	}.check,
}
