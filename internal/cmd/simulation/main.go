// Command simulation runs the rotation of the origin key for a simulated year, with
// the default settings and a large CloudFront, beside two other algorithms, and
// prints what each refused and for how long replaced values stayed valid, as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/originkey"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
	"github.com/gatehouse-iac/gatehouse/internal/simulation"
)

const (
	year = 365 * 24 * time.Hour

	// written is the time between the two calls of the one-value algorithm.
	written = time.Second

	// aclPropagation is how long AWS says that a change of a web ACL may take: "from
	// a few seconds to a number of minutes".
	aclPropagation = 2 * time.Minute

	// parameterPropagation is within what a read of Parameter Store shows a new key.
	parameterPropagation = time.Second
)

// line is an algorithm's figures.
type line struct {
	Algorithm          string  `json:"algorithm"`
	Rotations          int     `json:"rotations"`
	Requests           float64 `json:"requests"`
	Refused            float64 `json:"refused"`
	DisagreementSecond float64 `json:"disagreementSeconds"`
	StayedValidP50     float64 `json:"stayedValidP50Seconds"`
	StayedValidP99     float64 `json:"stayedValidP99Seconds"`
}

func main() {
	seed := flag.Uint64("seed", 1, "of the random numbers")
	flag.Parse()
	lines, err := run(*seed)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(lines)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(seed uint64) ([]line, error) {
	s, err := settings.Load(nil)
	if err != nil {
		return nil, err
	}
	random := func() *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }
	fleet, interval, ttl := simulation.CloudFront, s.Rotation.Interval, s.Gateway.AuthorizerTTL

	ring, err := simulation.Ring(fleet, random(), originkey.Settings{
		Interval: interval, Settle: s.Rotation.Settle, Grace: s.Rotation.Grace, Drain: s.Rotation.Drain,
	}, s.Rotation.Tick, simulation.Authorizers{
		RefetchPeriod: s.Key.RefetchPeriod, MemoryTTL: s.Key.MemoryTTL, CacheTTL: ttl, Propagation: parameterPropagation,
	}, year)
	if err != nil {
		return nil, err
	}
	return []line{
		figures("ring", ring),
		figures("one value", simulation.OneValue(fleet, random(), interval, ttl, written, year)),
		figures("two values", simulation.TwoValues(fleet, random(), interval, aclPropagation, year)),
	}, nil
}

func figures(algorithm string, r simulation.Result) line {
	return line{
		Algorithm: algorithm, Rotations: r.Rotations, Requests: r.Requests, Refused: r.Refused,
		DisagreementSecond: r.Disagreement.Seconds(),
		StayedValidP50:     r.Quantile(0.5).Seconds(), StayedValidP99: r.Quantile(0.99).Seconds(),
	}
}
