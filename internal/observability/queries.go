package observability

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// query describes a saved query of CloudWatch Logs Insights.
type query struct {
	name string // of the resource
	path string // as the console lists it, with folders
	logs []pulumi.StringInput
	text string
}

func (a *Args) queries() []query {
	function := func(name pulumi.StringInput) []pulumi.StringInput {
		return []pulumi.StringInput{pulumi.Sprintf("/aws/lambda/%s", name)}
	}
	api := []pulumi.StringInput{a.API.AccessLog}
	models := function(a.Functions.Model)
	if a.Streaming != nil {
		models = append(models, function(a.Streaming.Function)...)
	}
	all := []query{
		{"errors", "api/responses with 5xx", api, `fields @timestamp, status, method, path, integrationStatus, integrationError, authorizerError, error, requestId
| filter status >= 500
| sort @timestamp desc
| limit 200`},
		{"refusals", "api/rejected, by address", api, `filter status in ["401", "403"] and integrationStatus = "-"
| stats count(*) as rejected, earliest(@timestamp) as first, latest(@timestamp) as last by ip, status
| sort rejected desc
| limit 50`},
		{"slowest", "api/slowest", api, `fields @timestamp, responseLatency, integrationLatency, responseLatency - integrationLatency as beforeIntegration, method, path, status, requestId
| sort responseLatency desc
| limit 50`},
		{"keys", "api/origin keys in use", api, `filter ispresent(originKey) and originKey != "-"
| stats count(*) as requests by originKey, bin(5m)
| sort @timestamp desc`},
		{"decisions", "authorizer/decisions and their reasons", function(a.Functions.Authorizer), `filter msg = "decision"
| stats count(*) as decisions by decision, reason
| sort decisions desc`},
		{"steps", "rotator/steps and errors", function(a.Functions.Rotator), `fields @timestamp, msg, action, reason, keys.0, error
| filter msg = "step" or level != "INFO"
| sort @timestamp desc
| limit 200`},
		{"failures", "model/failures, by cause", models, `filter level = "ERROR"
| stats count(*) as failures, latest(@timestamp) as last by msg, error
| sort failures desc`},
	}
	if a.Streaming != nil {
		all = append(all, a.streamQueries(function(a.Streaming.Function))...)
	}
	if a.Clients {
		all = append(all, clientQueries(models)...)
	}
	if a.FlowLogs != nil {
		all = append(all, query{"refused-connections", "network/rejected connections", []pulumi.StringInput{a.FlowLogs}, `filter action = "REJECT"
| stats count(*) as rejected by srcAddr, dstAddr, dstPort
| sort rejected desc
| limit 50`})
	}
	return all
}

// streamQueries returns the queries about streamed responses, in the log of their function:
// the REST API has no access log.
func (a *Args) streamQueries(log []pulumi.StringInput) []query {
	return []query{
		{"streams-cut", "streaming/cut by an error", log, `fields @timestamp, code, error, model, milliseconds, chunks, requestId
| filter ispresent(cut)
| sort @timestamp desc
| limit 200`},
		{"streams-slowest", "streaming/slowest first tokens", log, `fields @timestamp, firstTokenMilliseconds, milliseconds, model, chunks, outputTokens, requestId
| filter ispresent(firstTokenMilliseconds)
| sort firstTokenMilliseconds desc
| limit 50`},
		{"streams-keys", "streaming/origin keys in use", log, `filter ispresent(originKey)
| stats count(*) as requests by originKey, bin(5m)
| sort @timestamp desc`},
		{"streams-left", "streaming/left by the client, with their tokens", log, `filter ispresent(clientLeft)
| stats count(*) as streams, sum(outputTokens) as tokens by model, bin(1h)
| sort tokens desc`},
	}
}

// newQueries declares the queries. The console shows what is before a slash as a folder.
func (o *Observability) newQueries(ctx *pulumi.Context, name string, args *Args) error {
	for _, q := range args.queries() {
		_, err := cloudwatch.NewQueryDefinition(ctx, name+"-query-"+q.name, &cloudwatch.QueryDefinitionArgs{
			Name:          pulumi.String(args.Deployment.Name + "/" + q.path),
			LogGroupNames: pulumi.StringArray(q.logs),
			QueryString:   pulumi.String(q.text),
		}, pulumi.Parent(o))
		if err != nil {
			return err
		}
	}
	return nil
}
