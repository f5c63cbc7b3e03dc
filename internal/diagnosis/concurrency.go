package diagnosis

import "fmt"

// Concurrency holds how many functions an account runs at the same time in a Region.
type Concurrency struct {
	Limit      int // the account's quota
	Unreserved int // of those, what no function has reserved
}

// fewExecutions is the number of executions below which streams soon leave none for
// the authorizer, or for other functions of the account. AWS, too, keeps as many from being
// reserved.
const fewExecutions = 100

// Streams returns a finding if streams can take the executions that the authorizer and
// the rotator need: each open stream is one for as long as it lasts. Reserved is
// streamingReservedConcurrency, zero for none.
func (c Concurrency) Streams(reserved int) []Finding {
	switch {
	case c.Limit < fewExecutions:
		return []Finding{fewStreams(fmt.Sprintf(
			"The account runs at most %d functions at once, and each open stream is one: %d streams, and no request gets in any more.", c.Limit, c.Limit))}
	case c.Limit-reserved < fewExecutions:
		return []Finding{fewStreams(fmt.Sprintf(
			"streamingReservedConcurrency takes %d of the %d functions that the account runs at once: too few are left for the authorizer and everything else.", reserved, c.Limit))}
	case c.Unreserved < fewExecutions:
		return []Finding{fewStreams(fmt.Sprintf(
			"Functions of the account have reserved all but %d of the %d that it runs at once: too few are left for the authorizer.", c.Unreserved, c.Limit))}
	}
	return nil
}

func fewStreams(wrong string) Finding {
	return Finding{
		Section: "quota-of-functions",
		Wrong:   wrong,
		Next: []string{
			"Ask for more: `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000`. It costs nothing.",
			"With more than 100, cap the streams: `pulumi config set streamingReservedConcurrency N`, at least 100 below the quota.",
			"Until then `pulumi config set streamingEnabled false` keeps requests short.",
		},
	}
}
