package diagnosis

import (
	"fmt"
	"regexp"
	"strings"
)

// ofAWS has the symptoms of AWS that have nothing to do with credentials.
var ofAWS = []symptom{
	{regexp.MustCompile(`StatusCode: 412|PreconditionFailed`), always(Finding{
		Section: "changed-meanwhile",
		Wrong:   "The distribution was changed while it was being updated: by the rotator, as a rule.",
		Next: []string{
			"`pulumi up` again: it reads the distribution first. If it happens each time, what changes it? CloudTrail in us-east-1, UpdateDistribution.",
		},
	})},
	{regexp.MustCompile(`TooManyRequests|Throttling|RequestLimitExceeded|StatusCode: 429|SlowDown`), func(matches [][]string) Finding {
		return Finding{
			Section: "throttled",
			Wrong:   fmt.Sprintf("AWS gets too many requests from this account (%s), and the provider has tried for as long as it does.", matches[0][0]),
			Next: []string{
				"`pulumi up` again in a few minutes: it goes on from where it was. `--parallel 4` asks for less at once.",
				"If it happens each time, something else in the account uses up the quota: CloudTrail says what.",
			},
		}
	}},
	{regexp.MustCompile(`(?:Errors|Warnings) found during import:\s*([^\n]*)`), refusedDescription},
	{regexp.MustCompile(`CNAMEAlreadyExists`), always(Finding{
		Section: "name-taken",
		Wrong:   "Another distribution, of this account or another, has one of the domainNames, or a wildcard for it.",
		Next: []string{
			"`aws cloudfront list-conflicting-aliases --distribution-id ID --alias NAME` says which, for a distribution of yours with a certificate for the name.",
			"Take the name away there, or move it with `aws cloudfront associate-alias`; then `pulumi up` again.",
		},
	})},
}

// refusedDescription returns the finding about a REST API whose description API Gateway
// doesn't import: a Region without response streaming refuses what makes it stream.
func refusedDescription(matches [][]string) Finding {
	return Finding{
		Section: "streaming-refused",
		Wrong:   "API Gateway refuses the description of the API that streams: " + strings.TrimSpace(matches[0][1]),
		Next: []string{
			"Does it name responseTransferMode, response-streaming-invocations or a timeout? Then the Region can't stream yet: `pulumi config set streamingEnabled false`, or another `aws:region`. `pulumi up` again.",
			"Anything else is a mistake of the program: report the message, with `streamingEnabled false` until it is fixed.",
		},
	}
}
