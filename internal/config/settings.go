// Package settings is the stack's configuration: every key typed and checked,
// every problem reported at once. A key that is missing has its default; one that
// is malformed, unknown or at odds with another is an error, never a default.
package config

import (
	"regexp"
	"time"
)

// Namespace is the configuration namespace of the program's own keys: the
// project's name in Pulumi.yaml.
const Namespace = "gatehouse"

// Settings is a stack's checked configuration. Pulumi.yaml describes each key.
type Settings struct {
	Region        string
	Lambda        Lambda
	Gateway       Gateway
	Key           Key
	Rotation      Rotation
	Model         Model
	Network       Network
	Inference     Inference
	Safeguards    Safeguards
	Observability Observability

	Vault           Vault
	Certificate     Certificate
	Kubernetes      Kubernetes
	Workload        Workload
	Edge            Edge
	Origin          Origin
	OriginFunction  OriginFunction
	ResponseHeaders ResponseHeaders
	CORS            CORS
	Firewall        Firewall
	AccessLogs      AccessLogs
	Domain          Domain
}

// Lambda holds what all functions share.
type Lambda struct {
	Architecture     string // as Lambda spells it: arm64 or x86_64
	LogRetentionDays int    // of the functions' and the API's log groups
	Tracing          bool   // whether X-Ray records their invocations
}

// Gateway holds the HTTP API's prefix and limits.
type Gateway struct {
	Prefix        string // of all paths: "/api"
	ThrottleRate  int    // steady requests per second
	ThrottleBurst int    // requests at once

	// AuthorizerTTL is how long API Gateway keeps an authorizer's answer, refusals
	// included; zero asks the authorizer each time.
	AuthorizerTTL time.Duration
}

// Key holds how the origin key travels and how the authorizer keeps it in memory.
type Key struct {
	Header string // in lower case, as HTTP APIs name headers

	MemoryTTL     time.Duration // the ring is read again when older
	RefetchPeriod time.Duration // unknown values cause a read at most this often
	StaleLimit    time.Duration // the ring serves this long when it can't be read
}

// Rotation holds the times of the origin key's rotation: see
// [github.com/gatehouse-iac/gatehouse/internal/keyring.Times].
type Rotation struct {
	Interval   time.Duration // a key's time in use
	Tick       time.Duration // between the rotator's runs; whole minutes
	Settle     time.Duration // a key's age before CloudFront sends it
	Grace      time.Duration // unchanged distribution before an older key is deleted
	Drain      time.Duration // deployed distribution before an older key is deleted
	Deployment time.Duration // the longest that CloudFront takes to deploy
	AlarmEmail string        // told of alarms; may be empty

	ReservedConcurrency int // of the rotator: 1, or 0 for accounts that allow none
}

// propagation is what Parameter Store may take to show a new parameter to every
// reader. AWS gives no figure; reads after a write are consistent within a second
// in practice.
const propagation = time.Second

var (
	emailPattern  = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	prefixPattern = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._~-]*)+$`)
)

// Load reads the settings from the stack's configuration: full key ("aws:region")
// to value, as the engine hands it to the program. Its error, a [Problems], names
// every key that is wrong, what was given and what is allowed. The values of keys
// that are secrets are never quoted.
func Load(config map[string]string, secrets ...string) (Settings, error) {
	return load(newReader(config, secrets...), read, Settings.crossCheck)
}

// load reads all keys, and checks how they fit together if each is right by itself.
func load[S any](r *reader, read func(*reader) S, check func(S, *reader)) (S, error) {
	s := read(r)
	if len(r.problems) == 0 {
		check(s, r)
	}
	r.checkUnknown()
	if len(r.problems) > 0 {
		var none S
		return none, r.problems
	}
	return s, nil
}

func read(r *reader) Settings {
	vault := readVault(r)
	return Settings{
		Region: r.region("aws:region", "us-east-1"),
		Lambda: Lambda{
			Architecture:     r.oneOf("lambdaArchitecture", "arm64", "arm64", "x86_64"),
			LogRetentionDays: r.oneOfNumbers("logRetentionDays", 30, retentionDays),
			Tracing:          r.boolean("tracingEnabled", false),
		},
		Gateway: Gateway{
			Prefix:        r.pattern("apiPrefix", "/api", prefixPattern, "a path such as /api, without a slash at its end"),
			ThrottleRate:  r.number("throttleRate", 100, 1, 10_000),
			ThrottleBurst: r.number("throttleBurst", 200, 1, 5_000),
			AuthorizerTTL: r.duration("authorizerTtl", 5*time.Minute, 0, time.Hour),
		},
		Key: Key{
			Header:        r.headerName("keyHeader", "x-origin-verify"),
			MemoryTTL:     r.duration("keyMemoryTtl", time.Minute, time.Second, 4*time.Minute),
			RefetchPeriod: r.duration("keyRefetchPeriod", 10*time.Second, time.Second, time.Minute),
			StaleLimit:    r.duration("keyStaleLimit", time.Hour, 0, 24*time.Hour),
		},
		Rotation: Rotation{
			Interval:   r.duration("rotationInterval", 6*time.Hour, time.Minute, 90*24*time.Hour),
			Tick:       r.duration("rotationTick", 5*time.Minute, time.Minute, time.Hour),
			Settle:     r.duration("rotationSettle", 30*time.Second, time.Second, 10*time.Minute),
			Grace:      r.duration("rotationGrace", 30*time.Minute, time.Second, 24*time.Hour),
			Drain:      r.duration("rotationDrain", time.Minute, time.Second, 2*time.Minute),
			Deployment: r.duration("rotationDeployment", 15*time.Minute, time.Second, time.Hour),
			AlarmEmail: r.optional("alarmEmail", emailPattern, "an e-mail address, or nothing"),

			ReservedConcurrency: r.number("rotationReservedConcurrency", 1, 0, 1),
		},
		Model:         readModel(r),
		Network:       readNetwork(r),
		Inference:     readInference(r),
		Safeguards:    readSafeguards(r),
		Observability: readObservability(r),

		Vault:           vault,
		Certificate:     readCertificate(r, vault),
		Kubernetes:      readKubernetes(r),
		Workload:        readWorkload(r),
		Edge:            readEdge(r),
		Origin:          readOrigin(r),
		OriginFunction:  readOriginFunction(r),
		ResponseHeaders: readResponseHeaders(r),
		CORS:            readCORS(r),
		Firewall:        readFirewall(r),
		AccessLogs:      readAccessLogs(r),
		Domain:          readDomain(r),
	}
}

func (s Settings) crossCheck(r *reader) {
	if s.Key.MemoryTTL < s.Key.RefetchPeriod {
		r.refuse("keyMemoryTtl", "at least keyRefetchPeriod, %s", short(s.Key.RefetchPeriod))
	}
	if s.Key.StaleLimit < s.Key.MemoryTTL {
		r.refuse("keyStaleLimit", "at least keyMemoryTtl, %s", short(s.Key.MemoryTTL))
	}
	s.checkRotation(r)
	s.checkModel(r)
	s.checkNetwork(r)
	s.checkInference(r)
	s.checkSafeguards(r)
	s.checkCertificate(r)
	s.checkWorkload(r)
	s.checkEdge(r)
	s.checkOrigin(r)
	s.checkResponseHeaders(r)
	s.checkCORS(r)
	s.checkDomain(r)
}

// checkRotation refuses times with which the rotation would fail requests, or never
// come to rest.
func (s Settings) checkRotation(r *reader) {
	t := s.Rotation
	if least := s.Key.RefetchPeriod + propagation; t.Settle <= least {
		r.refuse("rotationSettle", "more than keyRefetchPeriod and a second for Parameter Store, %s: an authorizer might not know a new key when CloudFront sends it", short(least))
	}
	if least := t.Settle + t.Deployment + t.Grace + t.Drain; t.Interval <= least {
		r.refuse("rotationInterval", "more than rotationSettle + rotationDeployment + rotationGrace + rotationDrain, %s: a rotation has to end before the next begins", short(least))
	}
	if t.Tick%time.Minute != 0 {
		r.refuse("rotationTick", "whole minutes: EventBridge Scheduler knows no less")
	}
	if t.Tick >= t.Interval {
		r.refuse("rotationTick", "less than rotationInterval, %s", short(t.Interval))
	}
}
