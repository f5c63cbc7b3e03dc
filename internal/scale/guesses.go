package scale

import (
	"math"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/costs"
)

// parameterReads and moreParameterReads are the reads of Parameter Store by path that an
// account may make in a second: by default, and with higher throughput.
const (
	parameterReads     = 40
	moreParameterReads = 100
)

var parameterQuotas = Source{Title: "AWS Systems Manager endpoints and quotas", URL: docs + "general/latest/gr/ssm.html", Check: true}

// Guesses are requests around CloudFront with made-up origin keys of the right form, each
// another one, so that API Gateway has no decision in its cache. A copy of the authorizer
// reads the keyring at its first one, and then at most once in keyRefetchPeriod.
type Guesses struct {
	Copies float64 // of the authorizer, that respond to guesses
	Reads  float64 // of the keyring in a second
}

// Steady returns the reads while all that the APIs' throttle lets through are guesses.
func Steady(s config.Settings) Guesses {
	copies := math.Ceil(apis(s) * float64(s.Gateway.ThrottleRate) * costs.AuthorizerSeconds)
	return Guesses{Copies: copies, Reads: copies / s.Key.RefetchPeriod.Seconds()}
}

// Burst returns the reads of the second in which as many guesses begin at once as the
// throttle lets through, each in a new copy.
func Burst(s config.Settings) Guesses {
	copies := min(apis(s)*float64(s.Gateway.ThrottleBurst), accountExecutions)
	return Guesses{Copies: copies, Reads: copies}
}

// apis returns the number of the stack's APIs, each with a throttle of its own.
func apis(s config.Settings) float64 {
	if s.Streaming.Enabled {
		return 2
	}
	return 1
}
