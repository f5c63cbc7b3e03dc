// Package metrics names the metrics that the functions write and the alarms read, and
// writes them to a function's log. The names don't change: users have them in dashboards.
package metrics

// Namespace is the CloudWatch namespace of all metrics.
const Namespace = "Gatehouse"

// StackDimension is a dimension of every metric: the stack's physical name, such as
// gatehouse-dev.
const StackDimension = "Stack"

// Further dimensions of the model function's metrics.
const (
	ErrorTypeDimension = "ErrorType" // of Errors and StreamsCut: the code in the problem document
	ModelDimension     = "Model"     // of ModelLatency, FirstToken, StreamSeconds and tokens: the model's id
)

// The rotator's metrics, written once a run. Times are in seconds.
const (
	KeyAge       = "KeyAge"       // of the key in use, since it was made
	KeyringSize  = "RingSize"     // keys
	Steps        = "Steps"        // that changed something
	Duration     = "Duration"     // of the run
	DeployingFor = "DeployingFor" // since the change that CloudFront is deploying; 0 when deployed
	Repairs      = "Repairs"      // of a header that was in no key of the keyring
	FailedChecks = "FailedChecks" // of probes: a key was accepted or rejected contrary to the keyring
	Failures     = "Failures"     // runs that ended with an error
)

// The model function's metrics, written once a request, except health checks.
const (
	Requests     = "Requests"
	Errors       = "Errors"       // responses with a problem
	ModelLatency = "ModelLatency" // of a model in seconds, failures included, streams excluded
	InputTokens  = "InputTokens"
	OutputTokens = "OutputTokens"
)

// The model function's metrics of streamed responses, written once a response, failures
// before its first token included.
const (
	FirstToken    = "FirstToken"    // in seconds since the request; none if there was no token
	StreamSeconds = "StreamSeconds" // of a model, from the request to the end of its reply
	StreamsCut    = "StreamsCut"    // by an error after the response had begun
	StreamsLeft   = "StreamsLeft"   // that could not be written to their end: the client is gone
)

// The model function's metrics of clients, written for a request that reserved something of
// its client's budget; the others than Spend only if they aren't zero.
const (
	Spend          = "Spend"          // charged to clients, in dollars
	HoldExceeded   = "HoldExceeded"   // requests that cost more than was held for them
	HoldsExpired   = "HoldsExpired"   // holds that were never settled
	BudgetWarnings = "BudgetWarnings" // budgets that are nearly used, once a window for each copy of the function
)

// Denials counts the requests that the API itself rejected, from its log.
const Denials = "Denials"
