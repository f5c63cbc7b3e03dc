package scale

// Bound is a quota of one request, which no load changes.
type Bound struct {
	Name   string
	Limit  string
	Here   string // what the stack makes of it
	Beyond string
	Alarms []string
	Source Source
}

var (
	httpAPIQuotas = Source{Title: "Quotas for configuring and running an HTTP API in API Gateway", URL: docs + "apigateway/latest/developerguide/http-api-quotas.html"}
	restStreaming = Source{Title: "Stream the integration response for your proxy integrations in API Gateway", URL: docs + "apigateway/latest/developerguide/response-transfer-mode.html"}
	lambdaStreams = Source{Title: "Response streaming for Lambda functions", URL: docs + "lambda/latest/dg/configuration-response-streaming.html"}
)

// bounds lists the quotas of one request. None is adjustable.
var bounds = []Bound{
	{
		Name: "HTTP API, time of an integration", Limit: "30 seconds", Here: "the model's function ends at 28",
		Beyond: "504 `model_timeout`", Alarms: []string{"api-slow"}, Source: httpAPIQuotas,
	},
	{
		Name: "HTTP API, time of an authorizer", Limit: "10 seconds", Here: "the authorizer ends at 8, a read of the keyring at 3",
		Beyond: "500", Alarms: []string{"authorizer-errors"}, Source: httpAPIQuotas,
	},
	{
		Name: "API Gateway, body of a request", Limit: "10 MB", Here: "`edgeBodyLimit`, `modelMaxBody`",
		Beyond: "413", Source: httpAPIQuotas,
	},
	{
		Name: "REST API, time of a stream", Limit: "15 minutes, 5 without a byte", Here: "`streamingTimeout`, up to 14 minutes; `streamingHeartbeat`",
		Beyond: "an error event with `model_timeout`", Alarms: []string{"streams-cut"}, Source: restStreaming,
	},
	{
		Name: "REST API, data rate of a stream", Limit: "2 MB/s beyond 10 MB", Here: "100 MB of events at most",
		Beyond: "the stream is slower", Source: restStreaming,
	},
	{
		Name: "Lambda, data rate of a stream", Limit: "2 MB/s beyond 6 MB, 200 MB in all", Here: "100 MB of events at most",
		Beyond: "the stream is slower; an error event with `answer_too_large`", Alarms: []string{"streams-cut"}, Source: lambdaStreams,
	},
	{
		Name: "Lambda, event and response in one piece", Limit: "6 MB each", Here: "`modelMaxBody` is at most 4 MiB; 6 MB of an answer",
		Beyond: "413 for a request; 422 `answer_too_large` for an answer", Source: lambdaQuotas,
	},
}

// Bounds returns the quotas of one request.
func Bounds() []Bound { return bounds }
