package config

import (
	"slices"
	"strings"
	"time"
)

// Origin holds how CloudFront talks to the API.
type Origin struct {
	ConnectionAttempts int
	ConnectionTimeout  time.Duration // of each attempt
	ReadTimeout        time.Duration // for an answer, and between its parts
	Keepalive          time.Duration // of a connection that nobody uses
	ShieldRegion       string        // of Origin Shield; empty without it
}

// apiPatience is the longest that an HTTP API takes to answer: 10 seconds for its
// authorizer and 30 for its integration (its quotas).
const apiPatience = 40 * time.Second

// shieldRegions are those that have Origin Shield (Amazon CloudFront's developer
// guide, "Choosing the AWS Region for Origin Shield").
var shieldRegions = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-west-1",
	"eu-west-2", "me-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-2",
}

func readOrigin(r *reader) Origin {
	return Origin{
		ConnectionAttempts: r.number("originConnectionAttempts", 3, 1, 3),
		ConnectionTimeout:  r.duration("originConnectionTimeout", 10*time.Second, time.Second, 10*time.Second),
		ReadTimeout:        r.duration("originReadTimeout", 45*time.Second, apiPatience, 120*time.Second),
		Keepalive:          r.duration("originKeepalive", 5*time.Second, time.Second, 120*time.Second),
		ShieldRegion:       r.shieldRegion("originShieldRegion"),
	}
}

func (r *reader) shieldRegion(key string) string {
	value := r.text(key, typeString, "")
	if value != "" && !slices.Contains(shieldRegions, value) {
		r.refuse(key, "nothing, or a region with Origin Shield: %s", strings.Join(shieldRegions, ", "))
	}
	return value
}

// checkOrigin refuses a drain that ends while a request with a replaced key may
// still try to connect.
func (s Settings) checkOrigin(r *reader) {
	if longest := time.Duration(s.Origin.ConnectionAttempts) * s.Origin.ConnectionTimeout; s.Rotation.Drain <= longest {
		r.refuse("rotationDrain", "more than originConnectionAttempts × originConnectionTimeout, %s: so long may a request with a replaced key take to reach the API", short(longest))
	}
}
