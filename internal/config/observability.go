package config

import "regexp"

// Observability is how the stack is watched.
type Observability struct {
	// Enabled makes the dashboard, the saved queries, and the alarms that are not the
	// rotation's. Those are always there.
	Enabled bool

	// RunbookURL is where alarms send those whom they wake.
	RunbookURL string
}

var runbookPattern = regexp.MustCompile(`^https://[^\s#]+$`)

func readObservability(r *reader) Observability {
	return Observability{
		Enabled: r.boolean("observabilityEnabled", false),
		RunbookURL: r.pattern("runbookUrl", "https://github.com/gatehouse-iac/gatehouse/blob/main/docs/runbook.md", runbookPattern,
			"the https URL of docs/runbook.md where you keep it, without a section"),
	}
}
