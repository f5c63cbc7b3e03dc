package config

import (
	"slices"
	"strings"
	"time"
)

// Origin holds how CloudFront connects to the API.
type Origin struct {
	ConnectionAttempts int
	ConnectionTimeout  time.Duration // of each attempt
	ReadTimeout        time.Duration // for a response, and between its packets
	Keepalive          time.Duration // of an idle connection
	ShieldRegion       string        // of Origin Shield; empty without it
}

// longestResponse is the longest that an HTTP API takes to respond: 10 seconds for its
// authorizer and 30 for its integration (its quotas).
const longestResponse = 40 * time.Second

// shieldRegions are the regions that have Origin Shield (Amazon CloudFront's developer
// guide, "Choosing the AWS Region for Origin Shield").
var shieldRegions = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-west-1",
	"eu-west-2", "me-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-2",
}

var (
	originConnectionAttempts = setting[int]{
		key: "originConnectionAttempts", byDefault: 3, allowed: between(1, 3),
		description: "How often CloudFront tries to connect to the API.",
	}
	originConnectionTimeout = setting[time.Duration]{
		key: "originConnectionTimeout", byDefault: 10 * time.Second, allowed: lasting(time.Second, 10*time.Second),
		description: "Timeout of each attempt to connect to the API.",
	}
	originReadTimeout = setting[time.Duration]{
		key: "originReadTimeout", byDefault: 45 * time.Second, allowed: lasting(longestResponse, 120*time.Second),
		description: "How long CloudFront waits for the API. An HTTP API never needs more than the lowest value.",
	}
	originKeepalive = setting[time.Duration]{
		key: "originKeepalive", byDefault: 5 * time.Second, allowed: lasting(time.Second, 120*time.Second),
		description: "How long CloudFront keeps an idle connection to the API open.",
	}
	originShieldRegion = setting[string]{
		key: "originShieldRegion",
		allowed: orEmpty(satisfying(func(name string) bool { return slices.Contains(shieldRegions, name) },
			"a region with Origin Shield: "+strings.Join(shieldRegions, ", ")), "for none"),
		description: "Region of Origin Shield, an additional layer between CloudFront's edge locations and the API, which costs money for each request.",
	}
)

func readOrigin(r *reader) Origin {
	return Origin{
		ConnectionAttempts: originConnectionAttempts.read(r),
		ConnectionTimeout:  originConnectionTimeout.read(r),
		ReadTimeout:        originReadTimeout.read(r),
		Keepalive:          originKeepalive.read(r),
		ShieldRegion:       originShieldRegion.read(r),
	}
}

// checkOrigin refuses a drain time that ends while a request with a replaced key may
// still try to connect.
func (s Settings) checkOrigin(r *reader) {
	if longest := time.Duration(s.Origin.ConnectionAttempts) * s.Origin.ConnectionTimeout; s.Rotation.Drain <= longest {
		r.must(rotationDrain, "be more than %s × %s, %s: so long may a request with a replaced key take to reach the API",
			originConnectionAttempts, originConnectionTimeout, short(longest))
	}
}
