package config

import (
	"slices"
	"strings"
	"time"
)

// Firewall holds whether AWS WAF inspects the requests to CloudFront, and with which
// rules.
type Firewall struct {
	Enabled    bool
	RateLimit  int           // requests of one address within RateWindow
	RateWindow time.Duration // as AWS WAF has them: 1, 2, 5 or 10 minutes

	// Counted are the rules, by the Rule constants, that count a request instead of
	// blocking it.
	Counted []string

	// Inspected is how much of a body the rules inspect, in KiB: 16, 32, 48 or 64.
	Inspected int

	Logs string // one of the FirewallLogs constants
}

// The firewall's rules.
const (
	RuleRateLimit      = "rateLimit"
	RuleBodySize       = "bodySize"
	RuleIPReputation   = "ipReputation"
	RuleCommon         = "common"
	RuleKnownBadInputs = "knownBadInputs"
)

// Rules are all of the firewall's rules, in the order in which it evaluates them.
var Rules = []string{RuleRateLimit, RuleBodySize, RuleIPReputation, RuleCommon, RuleKnownBadInputs}

// Which requests the firewall logs.
const (
	FirewallLogsNone    = "none"
	FirewallLogsMatched = "matched" // those that a rule blocked or counted
	FirewallLogsAll     = "all"
)

// Bounds of a rate limit of AWS WAF (its API reference, RateBasedStatement).
const (
	leastRate = 10
	mostRate  = 2_000_000_000
)

var (
	wafEnabled = setting[bool]{
		key: "wafEnabled", basic: true,
		description: "Whether AWS WAF inspects the requests to CloudFront. It costs about $10 a month, and $0.60 for a million requests.",
	}
	wafRateLimit = setting[int]{
		key: "wafRateLimit", byDefault: 2000, allowed: between(leastRate, mostRate),
		description: "Requests that one address may send within wafRateWindow.",
	}
	wafRateWindow = setting[time.Duration]{
		key: "wafRateWindow", byDefault: 5 * time.Minute, allowed: oneOf(time.Minute, 2*time.Minute, 5*time.Minute, 10*time.Minute),
		description: "Time in which the requests of wafRateLimit are counted.",
	}
	wafCount = setting[[]string]{
		key:         "wafCount",
		allowed:     each(func(name string) bool { return slices.Contains(Rules, name) }, "one of "+strings.Join(Rules, ", ")),
		description: "Rules that count requests instead of blocking them.",
	}
	wafInspectedKilobytes = setting[int]{
		key: "wafInspectedKilobytes", byDefault: 16, allowed: oneOf(16, 32, 48, 64),
		description: "How much of a body the firewall inspects, in KiB. More than 16 costs more.",
	}
	wafLogs = setting[string]{
		key: "wafLogs", byDefault: FirewallLogsMatched, allowed: oneOf(FirewallLogsNone, FirewallLogsMatched, FirewallLogsAll),
		description: "Requests that the firewall logs: none, those that a rule blocked or counted, or all.",
	}
)

func readFirewall(r *reader) Firewall {
	return Firewall{
		Enabled:    wafEnabled.read(r),
		RateLimit:  wafRateLimit.read(r),
		RateWindow: wafRateWindow.read(r),
		Counted:    wafCount.read(r),
		Inspected:  wafInspectedKilobytes.read(r),
		Logs:       wafLogs.read(r),
	}
}
