package config

import "regexp"

// Observability holds how the stack is monitored.
type Observability struct {
	// Enabled adds the dashboard, the saved queries, and the alarms that are not the
	// rotation's. Those are always there.
	Enabled bool

	// RunbookURL is the page that the alarms link to.
	RunbookURL string
}

var (
	emailPattern   = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	runbookPattern = regexp.MustCompile(`^https://[^\s#]+$`)
)

var (
	alarmEmail = setting[string]{
		key: "alarmEmail", basic: true, allowed: orEmpty(matching(emailPattern, "an e-mail address")),
		description: "E-mail address that receives the alarms, once it has confirmed the subscription.",
	}
	alarmEmailRequired = setting[bool]{
		key:         "alarmEmailRequired",
		description: "Whether alarmEmail must be set. For production.",
	}
	runbookUrl = setting[string]{
		key: "runbookUrl", byDefault: "https://github.com/gatehouse-iac/gatehouse/blob/main/docs/runbook.md",
		allowed:     matching(runbookPattern, "the https URL of docs/runbook.md where you keep it, without a section"),
		description: "URL at which those who receive the alarms can read docs/runbook.md. Each alarm links to its section.",
	}
	observabilityEnabled = setting[bool]{
		key: "observabilityEnabled", basic: true,
		description: "Whether there are a dashboard, saved queries of the logs, and alarms on requests: see docs/observability.md. The rotation's alarms are always there.",
	}
)

func readObservability(r *reader) Observability {
	return Observability{Enabled: observabilityEnabled.read(r), RunbookURL: runbookUrl.read(r)}
}
