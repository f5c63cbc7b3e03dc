package scale

import (
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// asOf is the date at which the pages of AWS's documentation were looked up.
const asOf = "2026-12-01"

const docs = "https://docs.aws.amazon.com/"

// The pages with the quotas.
var (
	cloudFrontQuotas = Source{Title: "Quotas - Amazon CloudFront", URL: docs + "AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"}
	gatewayQuotas    = Source{Title: "Amazon API Gateway quotas", URL: docs + "apigateway/latest/developerguide/limits.html"}
	lambdaQuotas     = Source{Title: "Lambda quotas", URL: docs + "lambda/latest/dg/gettingstarted-limits.html"}
	lambdaScaling    = Source{Title: "Lambda scaling behavior", URL: docs + "lambda/latest/dg/scaling-behavior.html"}
	tableQuotas      = Source{Title: "Quotas in Amazon DynamoDB", URL: docs + "amazondynamodb/latest/developerguide/ServiceQuotas.html"}
	tableOnDemand    = Source{Title: "DynamoDB on-demand capacity mode", URL: docs + "amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"}
	tablePartitions  = Source{Title: "Best practices for designing and using partition keys effectively in DynamoDB", URL: docs + "amazondynamodb/latest/developerguide/bp-partition-key-design.html"}
	bedrockQuotas    = Source{Title: "Amazon Bedrock endpoints and quotas", URL: docs + "general/latest/gr/bedrock.html", Check: true}
)

// raise returns how a quota of Service Quotas is raised.
func raise(service, code string) string {
	return "Service Quotas: `--service-code " + service + " --quota-code " + code + "`"
}

// support tells how to raise a quota that has no code on its page.
const support = "a case with AWS Support"

const fixedQuota = "not adjustable"

// accountExecutions is Lambda's quota of concurrent executions.
const accountExecutions = 1000

// clientsUnavailable is the response while the table refuses reads and writes.
const clientsUnavailable = "503 `clients_unavailable`, `Retry-After: 5`"

// noRoom is the response when Lambda runs no more executions.
const noRoom = "streams 503 `model_unavailable`, `Retry-After: 1`; others 500 or 503 of API Gateway's own form"

// beyondCloudFront is the response beyond a distribution's quotas, on which the pages say
// nothing.
const beyondCloudFront = "not documented; 503 of CloudFront's own form is likely"

// aws lists quotas of the account, with the defaults of us-east-1.
var aws = []Quota{
	{
		Name: "Lambda, concurrent executions of the account", Short: "Lambda's executions", Unit: "executions",
		Beyond: noRoom, Alarms: []string{"streams-throttled", "functions-throttled", "streaming-errors", "api-errors"},
		Do:     "raise Lambda's concurrent executions; cap streams with `streamingReservedConcurrency`",
		Raise:  raise("lambda", "L-B99A9384") + ". A new account has fewer, 10 for example",
		Source: lambdaQuotas,
		limit:  fixed(accountExecutions),
		use:    useOfExecutions,
	},
	{
		Name: "Lambda, executions that a function adds in ten seconds", Short: "Lambda's scaling rate", Unit: "executions in 10 seconds",
		Beyond: noRoom + ", until the function has caught up", Alarms: []string{"streams-throttled", "streaming-errors"},
		Do:      "spread the rise over minutes",
		Raise:   fixedQuota + ": each function has its own",
		Source:  lambdaScaling,
		limit:   fixed(1000),
		use:     useOfScaling,
		enabled: streams,
	},
	{
		Name: "Bedrock, tokens a minute of Amazon Nova Micro", Short: "Bedrock's tokens a minute", Unit: "tokens a minute",
		Beyond: "429 `rate_limit_exceeded`, `Retry-After: 5`; after a stream's first token, an error event with that code", Alarms: []string{"streams-cut"},
		Seen:    "errors by type in *Models* on the dashboard",
		Do:      "raise Bedrock's quota, or use a cross-region inference profile",
		Raise:   raise("bedrock", "L-CFA4FA0D") + ". Each model has a quota of its own; a new account may have 0",
		Source:  bedrockQuotas,
		limit:   fixed(4e6),
		use:     useOfTokens,
		enabled: func(s config.Settings) bool { return s.Model.Backend == lambdaenv.BackendBedrock },
	},
	{
		Name: "DynamoDB, writes to one item", Short: "writes to one client's item", Unit: "write units a second",
		Beyond: clientsUnavailable, Alarms: []string{"clients-unavailable"},
		Do:      "make several clients of the largest",
		Raise:   fixedQuota + ". `RPM` keeps a client below it",
		Source:  tablePartitions,
		limit:   fixed(1000),
		use:     useOfClientItem,
		enabled: hasClients,
	},
	{
		Name: "DynamoDB, writes to a table that has had no traffic yet", Short: "writes to a new table", Unit: "write units a second",
		Beyond: clientsUnavailable, Alarms: []string{"clients-unavailable"},
		Do:      "let the load rise over an hour, or raise the table's warm throughput before",
		Raise:   "by itself: a table takes twice its highest load so far within 30 minutes. `aws dynamodb update-table --warm-throughput` does it at once",
		Source:  tableOnDemand,
		limit:   fixed(4000),
		use:     useOfTable,
		enabled: hasClients,
	},
	{
		Name: "DynamoDB, writes to a table", Short: "writes to the table", Unit: "write units a second",
		Beyond: clientsUnavailable, Alarms: []string{"clients-unavailable"},
		Do:      "raise DynamoDB's table-level write throughput",
		Raise:   raise("dynamodb", "L-AB614373"),
		Source:  tableQuotas,
		limit:   fixed(40_000),
		use:     useOfTable,
		enabled: hasClients,
	},
	{
		Name: "API Gateway, requests of all APIs of the account in the Region", Short: "API Gateway's requests", Unit: "requests a second",
		Beyond: "429, as beyond `throttleRate`", Seen: "4xx in *Errors by hop* on the dashboard",
		Do:     "raise API Gateway's throttle rate, or deploy stacks in more Regions and accounts",
		Raise:  raise("apigateway", "L-8A5B8E43") + ". 2,500 in some Regions. The burst, 5,000, follows from it",
		Source: gatewayQuotas,
		limit:  fixed(10_000),
		use:    useOfRequests,
	},
	{
		Name: "Lambda@Edge, requests in a Region", Short: "Lambda@Edge's requests", Unit: "requests a second",
		Beyond: "503 of CloudFront's own form", Seen: "`LambdaLimitExceeded` in CloudFront's access logs",
		Do:      "raise Lambda@Edge's quota, or set `originFunctionEnabled` to `false`",
		Raise:   support,
		Source:  cloudFrontQuotas,
		limit:   fixed(10_000),
		use:     useOfRequests,
		enabled: func(s config.Settings) bool { return s.OriginFunction.Enabled },
	},
	{
		Name: "CloudFront, requests of a distribution", Short: "CloudFront's requests", Unit: "requests a second",
		Beyond: beyondCloudFront, Seen: "CloudFront's 5xx in *Errors by hop* on the dashboard",
		Do:     "raise CloudFront's quota",
		Raise:  support,
		Source: cloudFrontQuotas,
		limit:  fixed(250_000),
		use:    useOfRequests,
	},
	{
		Name: "CloudFront, data rate of a distribution", Short: "CloudFront's data rate", Unit: "Gbit/s",
		Beyond: beyondCloudFront, Seen: "CloudFront's 5xx in *Errors by hop* on the dashboard",
		Do:     "raise CloudFront's quota",
		Raise:  support,
		Source: cloudFrontQuotas,
		limit:  fixed(150),
		use:    useOfBandwidth,
	},
}
