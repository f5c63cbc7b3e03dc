package lambdaenv

import (
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// Rotator holds the environment of the rotator.
type Rotator struct {
	Stack     string // the metrics' dimension
	KeyPath   string // of the keyring in Parameter Store
	KMSKeyARN string // of the key that encrypts new parameters
	Header    string // that carries the origin key, in lower case
	APIPrefix string // of the API's paths
	Times     keyring.Times

	// KeyringTTL is the authorizers': how long they cache the keyring.
	KeyringTTL time.Duration

	// CacheTime is how long a deleted key may still be accepted, by the keyring that
	// authorizers have cached and by API Gateway's authorizer cache.
	CacheTime time.Duration
}

// Variables returns the variables that [ParseRotator] reads.
func (r Rotator) Variables() map[string]string {
	return map[string]string{
		StackVariable:        r.Stack,
		KeyPathVariable:      r.KeyPath,
		KMSKeyVariable:       r.KMSKeyARN,
		OriginHeaderVariable: r.Header,
		APIPrefixVariable:    r.APIPrefix,
		IntervalVariable:     r.Times.Interval.String(),
		SettleVariable:       r.Times.Settle.String(),
		GraceVariable:        r.Times.Grace.String(),
		DrainVariable:        r.Times.Drain.String(),
		KeyringTTLVariable:   r.KeyringTTL.String(),
		CacheTimeVariable:    r.CacheTime.String(),
	}
}

// ParseRotator reads the rotator's environment. Its error names every problem.
func ParseRotator(lookup Lookup) (Rotator, error) {
	r := reader{lookup: lookup}
	return Rotator{
		Stack:     r.stack(),
		KeyPath:   r.string(KeyPathVariable, keystore.PathForm, keystore.IsPath),
		KMSKeyARN: r.string(KMSKeyVariable, "the ARN of a KMS key", isKMSKeyARN),
		Header:    r.header(OriginHeaderVariable),
		APIPrefix: r.apiPrefix(),
		Times: keyring.Times{
			Interval: r.duration(IntervalVariable, MinInterval, MaxInterval),
			Settle:   r.duration(SettleVariable, MinSettle, MaxSettle),
			Grace:    r.duration(GraceVariable, MinGrace, MaxGrace),
			Drain:    r.duration(DrainVariable, MinDrain, MaxDrain),
		},
		KeyringTTL: r.duration(KeyringTTLVariable, MinKeyringTTL, MaxKeyringTTL),
		CacheTime:  r.duration(CacheTimeVariable, MinCacheTime, MaxCacheTime),
	}, r.err()
}

// isKMSKeyARN reports whether value is an ARN of the service KMS:
// arn:partition:kms:region:account:key/id.
func isKMSKeyARN(value string) bool {
	sections := strings.SplitN(value, ":", 6)
	return len(sections) == 6 && sections[0] == "arn" && sections[2] == "kms"
}
