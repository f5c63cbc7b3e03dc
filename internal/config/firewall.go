package config

import (
	"slices"
	"strings"
	"time"
)

// Firewall holds whether there is a web application firewall before CloudFront, and
// what it does.
type Firewall struct {
	Enabled    bool
	RateLimit  int           // requests of one address within RateWindow
	RateWindow time.Duration // as AWS WAF has them: 1, 2, 5 or 10 minutes

	// Counted are the rules, by the Rule constants, that count a request instead of
	// blocking it.
	Counted []string

	// Inspected is how much of a body the rules look at, in KiB: 16, 32, 48 or 64.
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

// Rules are all of the firewall's rules, in the order in which it asks them.
var Rules = []string{RuleRateLimit, RuleBodySize, RuleIPReputation, RuleCommon, RuleKnownBadInputs}

// Which requests the firewall writes to its log.
const (
	FirewallLogsNone    = "none"
	FirewallLogsMatched = "matched" // those that a rule blocked or counted
	FirewallLogsAll     = "all"
)

// What AWS WAF takes as a rate limit (its API reference, RateBasedStatement).
const (
	leastRate = 10
	mostRate  = 2_000_000_000
)

func readFirewall(r *reader) Firewall {
	return Firewall{
		Enabled:   r.boolean("wafEnabled", false),
		RateLimit: r.number("wafRateLimit", 2000, leastRate, mostRate),
		RateWindow: r.oneOfDurations("wafRateWindow", 5*time.Minute,
			time.Minute, 2*time.Minute, 5*time.Minute, 10*time.Minute),
		Counted: r.list("wafCount", func(text string) bool { return slices.Contains(Rules, text) },
			"one of "+strings.Join(Rules, ", ")),
		Inspected: r.oneOfNumbers("wafInspectedKilobytes", 16, []int{16, 32, 48, 64}),
		Logs:      r.oneOf("wafLogs", FirewallLogsMatched, FirewallLogsNone, FirewallLogsMatched, FirewallLogsAll),
	}
}
