package config

import (
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// Streaming holds whether responses are streamed, and within which limits.
type Streaming struct {
	Enabled             bool
	Timeout             time.Duration // of the model, for a whole response
	Heartbeat           time.Duration // of silence, after which a comment is sent
	ReservedConcurrency int           // of the function; 0 reserves none
}

// answerMargin is the time in which a response that isn't streamed gets from the
// function to CloudFront, of the time that CloudFront waits for it.
const answerMargin = 5 * time.Second

var (
	streamingEnabled = setting[bool]{
		key: "streamingEnabled", byDefault: true,
		description: "Whether chat completions can be streamed: their paths lead to a REST API with response streaming, the distribution's second origin. " +
			"Without it, all responses come from the HTTP API, within 28 seconds and in one piece.",
	}
	streamingTimeout = setting[time.Duration]{
		key: "streamingTimeout", byDefault: 5 * time.Minute, allowed: lasting(lambdaenv.MinStreamTimeout, lambdaenv.MaxStreamTimeout),
		description: "The longest that a streamed response may take. A request is authorized when it begins: so long may a response outlast its origin key.",
	}
	streamingHeartbeat = setting[time.Duration]{
		key: "streamingHeartbeat", byDefault: 15 * time.Second, allowed: lasting(lambdaenv.MinHeartbeat, lambdaenv.MaxHeartbeat),
		description: "After how much silence of the model a streamed response gets a comment, so that no connection on the way times out; at most half of originReadTimeout.",
	}
	streamingReservedConcurrency = setting[int]{
		key: "streamingReservedConcurrency", allowed: between(0, 10_000),
		description: "Reserved concurrency of the function that streams, which has one execution for each open response, and so the most that can be open. " +
			"0 reserves none and limits nothing: then many open responses can leave the account's other functions, the authorizer among them, without concurrency.",
	}
)

func readStreaming(r *reader) Streaming {
	return Streaming{
		Enabled:             streamingEnabled.read(r),
		Timeout:             streamingTimeout.read(r),
		Heartbeat:           streamingHeartbeat.read(r),
		ReservedConcurrency: streamingReservedConcurrency.read(r),
	}
}

// AnswerTimeout returns the longest that the function that streams may take for a
// response in one piece: CloudFront gets no byte of it before its end.
func (s Settings) AnswerTimeout() time.Duration { return s.Origin.ReadTimeout - answerMargin }

// checkStreaming refuses heartbeats that come too late for CloudFront, and a prefix that a
// REST API can't have.
func (s Settings) checkStreaming(r *reader) {
	if s.Streaming.Enabled && strings.Contains(s.Gateway.Prefix, "~") {
		r.must(apiPrefix, "have no ~ while %s is true: REST APIs have paths of letters, digits, dots, hyphens and underscores only", streamingEnabled)
	}
	if longest := s.Origin.ReadTimeout / 2; s.Streaming.Heartbeat > longest {
		r.must(streamingHeartbeat, "be at most half of %s, %s: CloudFront ends a response after that much silence", originReadTimeout, short(longest))
	}
}
