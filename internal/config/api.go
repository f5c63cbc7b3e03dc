package config

import (
	"regexp"
	"time"
)

// Gateway holds the HTTP API's prefix and limits.
type Gateway struct {
	Prefix        string // of all paths: "/api"
	ThrottleRate  int    // steady requests per second
	ThrottleBurst int    // requests at once

	// AuthorizerTTL is how long API Gateway caches an authorizer's response, rejections
	// included; zero invokes the authorizer for each request.
	AuthorizerTTL time.Duration

	Playground bool // a page to try the API
}

// prefixPattern matches a path without a slash at its end.
var prefixPattern = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._~-]*)+$`)

var (
	apiPrefix = setting[string]{
		key: "apiPrefix", byDefault: "/api", allowed: matching(prefixPattern, "a path such as /api, without a slash at its end"),
		description: "Prefix of all paths of the API.",
	}
	throttleRate = setting[int]{
		key: "throttleRate", byDefault: 100, basic: true, allowed: between(1, 10_000),
		description: "Requests per second that each route of the API accepts before it responds with 429. The account's quota for the region, 10000 or 2500, is the most that there is.",
	}
	throttleBurst = setting[int]{
		key: "throttleBurst", byDefault: 200, allowed: between(1, 5_000),
		description: "Requests that each route accepts at once, beyond the rate. The account's quota for the region, 5000 or 1250, is the most that there is.",
	}
	authorizerTtl = setting[time.Duration]{
		key: "authorizerTtl", byDefault: 5 * time.Minute, allowed: lasting(0, time.Hour),
		description: "How long API Gateway caches an authorizer's response, rejections included. 0s invokes the authorizer for each request.",
	}
	playgroundEnabled = setting[bool]{
		key:         "playgroundEnabled",
		description: "Whether the API serves a page to try it, at /playground below apiPrefix. The page needs no key; the requests that it sends do.",
	}
)

func readGateway(r *reader) Gateway {
	return Gateway{
		Prefix:        apiPrefix.read(r),
		ThrottleRate:  throttleRate.read(r),
		ThrottleBurst: throttleBurst.read(r),
		AuthorizerTTL: authorizerTtl.read(r),
		Playground:    playgroundEnabled.read(r),
	}
}
