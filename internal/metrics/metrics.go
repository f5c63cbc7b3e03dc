// Package metrics names the metrics that the functions write and the alarms read,
// so that both mean the same.
package metrics

// Namespace is the CloudWatch namespace of all of them.
const Namespace = "Gatehouse"

// StackDimension is their one dimension: the stack's physical name, such as
// gatehouse-dev.
const StackDimension = "Stack"

// The rotator's metrics, written once a run. Times are in seconds.
const (
	KeyAge       = "KeyAge"       // of the key in use, since it was made
	RingSize     = "RingSize"     // keys
	Steps        = "Steps"        // that changed something
	Duration     = "Duration"     // of the run
	DeployingFor = "DeployingFor" // since the change that CloudFront is deploying; 0 when deployed
	Repairs      = "Repairs"      // of a header that was in no key of the ring
	FailedChecks = "FailedChecks" // of requests through the front door
	Failures     = "Failures"     // runs that ended with an error
)
