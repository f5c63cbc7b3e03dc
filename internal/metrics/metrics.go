// Package metrics names the metrics that the functions write and the alarms read,
// so that both mean the same.
package metrics

// Namespace is the CloudWatch namespace of all of them.
const Namespace = "Gatehouse"

// StackDimension is a dimension of all of them: the stack's physical name, such as
// gatehouse-dev.
const StackDimension = "Stack"

// Further dimensions of the model function's metrics.
const (
	ErrorTypeDimension = "ErrorType" // of Errors: the code in the problem document
	ModelDimension     = "Model"     // of ModelLatency and tokens: the model's id
)

// The rotator's metrics, written once a run. Times are in seconds.
const (
	KeyAge       = "KeyAge"       // of the key in use, since it was made
	KeyringSize  = "RingSize"     // keys
	Steps        = "Steps"        // that changed something
	Duration     = "Duration"     // of the run
	DeployingFor = "DeployingFor" // since the change that CloudFront is deploying; 0 when deployed
	Repairs      = "Repairs"      // of a header that was in no key of the keyring
	FailedChecks = "FailedChecks" // of requests through the front door
	Failures     = "Failures"     // runs that ended with an error
)

// The model function's metrics, written once a request. Requests of health are not
// among them.
const (
	Requests     = "Requests"
	Errors       = "Errors"       // requests that were answered with a problem
	ModelLatency = "ModelLatency" // seconds that a model took, failures included
	InputTokens  = "InputTokens"
	OutputTokens = "OutputTokens"
)

// Denials are requests that the API refused itself, counted in its log.
const Denials = "Denials"
