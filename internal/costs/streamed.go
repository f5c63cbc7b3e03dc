package costs

import (
	"math"
	"time"
)

// Streamed is a request for a long response: a minute of tokens, an event of some 200
// bytes for each.
var Streamed = Request{BytesIn: 1500, BytesOut: 300e3, TokensIn: 300, TokensOut: 1500, ModelSeconds: 60, Log: 900}

const (
	// restAPIRequest is the size of a streamed response for which API Gateway bills one
	// request, in bytes. Longer ones are billed as several.
	restAPIRequest = 10e6
	// freeStream is the part of each streamed response that Lambda sends for nothing.
	freeStream = 6e6
)

// StreamedPerMillion returns the costs of a million streamed responses of POST
// /api/chat/completions. Their function runs until the last token, even if the client left
// before. The API has no log, the function writes a line.
func (p Prices) StreamedPerMillion(resources []Resource, r Request, authorizerTTL, retention time.Duration) ([]Item, error) {
	authorizer, err := function(resources, "authorizer")
	if err != nil {
		return nil, err
	}
	stream, err := function(resources, "model-stream")
	if err != nil {
		return nil, err
	}
	clients, err := p.clientRequests(resources)
	if err != nil {
		return nil, err
	}
	requests := million * math.Max(1, math.Ceil(r.BytesOut/restAPIRequest))
	gb := million * math.Max(0, r.BytesOut-freeStream) / 1e9
	items := append(p.edge(resources, r, retention),
		Item{"REST API", requests, "requests", requests / 1e6 * p.of("restApi")},
		p.authorizations(authorizer, authorizerTTL),
		Item{"Function that streams", million, "invocations", p.runs(stream, million, r.ModelSeconds)},
		Item{"Streamed beyond 6 MB", gb, "GB", gb * p.of("lambdaStreamed")},
	)
	return append(append(append(items, clients...), p.tokens(r)...), p.logs(r, retention)), nil
}
