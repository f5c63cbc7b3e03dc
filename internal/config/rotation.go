package config

import (
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// Rotation holds the times of the origin key's rotation: see
// [github.com/gatehouse-iac/gatehouse/internal/keyring.Times].
type Rotation struct {
	Interval   time.Duration // a key's time in use
	Tick       time.Duration // between the rotator's runs; whole minutes
	Settle     time.Duration // a key's age before CloudFront sends it
	Grace      time.Duration // unchanged distribution before an older key is deleted
	Drain      time.Duration // deployed distribution before an older key is deleted
	Deployment time.Duration // the longest that CloudFront takes to deploy
	AlarmEmail string        // receives the alarms; may be empty

	ReservedConcurrency int // of the rotator: 1, or 0 for accounts that allow none
}

// propagation is what Parameter Store may take to show a new parameter to every
// reader. AWS gives no figure; reads after a write are consistent within a second
// in practice.
const propagation = time.Second

// Bounds of the times that only the program uses; the others are in lambdaenv.
const (
	minTick       = time.Minute
	maxTick       = time.Hour
	minDeployment = time.Second
	maxDeployment = time.Hour
)

var (
	rotationInterval = setting[time.Duration]{
		key: "rotationInterval", byDefault: 6 * time.Hour, basic: true, allowed: lasting(lambdaenv.MinInterval, lambdaenv.MaxInterval),
		description: "How long an origin key is in use before the next one is published. It must be longer than rotationSettle, rotationDeployment, rotationGrace and rotationDrain together.",
	}
	rotationTick = setting[time.Duration]{
		key: "rotationTick", byDefault: 5 * time.Minute, allowed: lastingMinutes(minTick, maxTick), // EventBridge Scheduler's unit is a minute
		description: "How often the rotator runs; less than rotationInterval.",
	}
	rotationSettle = setting[time.Duration]{
		key: "rotationSettle", byDefault: 30 * time.Second, allowed: lasting(lambdaenv.MinSettle, lambdaenv.MaxSettle),
		description: "Settle time: age of a new origin key before CloudFront may send it. It must be longer than keyRefetchPeriod and a second for Parameter Store.",
	}
	rotationGrace = setting[time.Duration]{
		key: "rotationGrace", byDefault: 30 * time.Minute, allowed: lasting(lambdaenv.MinGrace, lambdaenv.MaxGrace),
		description: "Grace period: how long the distribution must be unchanged before a replaced origin key is deleted. A `pulumi up` may take a fifth less, or 6 minutes less if that is more time.",
	}
	rotationDrain = setting[time.Duration]{
		key: "rotationDrain", byDefault: time.Minute, allowed: lasting(lambdaenv.MinDrain, lambdaenv.MaxDrain),
		description: "Drain time: how long the distribution must have been observed as deployed before a replaced origin key is deleted. It must be longer than a request may take " +
			"from an edge location to the API, originConnectionAttempts times originConnectionTimeout.",
	}
	rotationDeployment = setting[time.Duration]{
		key: "rotationDeployment", byDefault: 15 * time.Minute, allowed: lasting(minDeployment, maxDeployment),
		description: "The longest that CloudFront takes to deploy a change. An alarm reports a new origin key that takes longer.",
	}
	rotationReservedConcurrency = setting[int]{
		key: "rotationReservedConcurrency", byDefault: 1, allowed: between(0, 1),
		description: "Reserved concurrency of the rotator. 0 reserves none and limits nothing, for an account whose quota of concurrent executions is so low that it allows no reservation.",
	}
)

func readRotation(r *reader) Rotation {
	return Rotation{
		Interval:   rotationInterval.read(r),
		Tick:       rotationTick.read(r),
		Settle:     rotationSettle.read(r),
		Grace:      rotationGrace.read(r),
		Drain:      rotationDrain.read(r),
		Deployment: rotationDeployment.read(r),
		AlarmEmail: alarmEmail.read(r),

		ReservedConcurrency: rotationReservedConcurrency.read(r),
	}
}

// checkRotation refuses times with which the rotation would fail requests, or never
// come to rest.
func (s Settings) checkRotation(r *reader) {
	t := s.Rotation
	if least := s.Key.RefetchPeriod + propagation; t.Settle <= least {
		r.must(rotationSettle, "be more than %s and a second for Parameter Store, %s: an authorizer might not know a new key when CloudFront sends it",
			keyRefetchPeriod, short(least))
	}
	if least := t.Settle + t.Deployment + t.Grace + t.Drain; t.Interval <= least {
		sum := fmt.Sprintf("%s + %s + %s + %s", rotationSettle, rotationDeployment, rotationGrace, rotationDrain)
		r.must(rotationInterval, "be more than %s, %s: a rotation must end before the next one begins", sum, short(least))
	}
	if t.Tick >= t.Interval {
		r.must(rotationTick, "be less than %s, %s", rotationInterval, short(t.Interval))
	}
}
