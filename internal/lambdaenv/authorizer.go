package lambdaenv

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// Authorizer holds the environment of the authorizer.
// RefetchPeriod ≤ KeyringTTL ≤ StaleLimit.
type Authorizer struct {
	KeyPath       string        // of the keyring in Parameter Store
	Header        string        // that carries the origin key, in lower case
	KeyringTTL    time.Duration // a key in a keyring younger than this is accepted without a read
	RefetchPeriod time.Duration // the keyring is read at most once in this time
	StaleLimit    time.Duration // a key is accepted this long when the keyring can't be read
}

// Variables returns the variables that [ParseAuthorizer] reads.
func (a Authorizer) Variables() map[string]string {
	return map[string]string{
		KeyPathVariable:       a.KeyPath,
		OriginHeaderVariable:  a.Header,
		KeyringTTLVariable:    a.KeyringTTL.String(),
		RefetchPeriodVariable: a.RefetchPeriod.String(),
		StaleLimitVariable:    a.StaleLimit.String(),
	}
}

// ParseAuthorizer reads the authorizer's environment. Its error names every problem.
func ParseAuthorizer(lookup Lookup) (Authorizer, error) {
	r := reader{lookup: lookup}
	a := Authorizer{
		KeyPath:       r.string(KeyPathVariable, keystore.PathForm, keystore.IsPath),
		Header:        r.header(OriginHeaderVariable),
		KeyringTTL:    r.duration(KeyringTTLVariable, MinKeyringTTL, MaxKeyringTTL),
		RefetchPeriod: r.duration(RefetchPeriodVariable, MinRefetchPeriod, MaxRefetchPeriod),
		StaleLimit:    r.duration(StaleLimitVariable, MinStaleLimit, MaxStaleLimit),
	}
	if r.err() == nil {
		a.crossCheck(&r)
	}
	return a, r.err()
}

func (a Authorizer) crossCheck(r *reader) {
	if a.KeyringTTL < a.RefetchPeriod {
		r.reject(KeyringTTLVariable, a.KeyringTTL.String(), "at least "+RefetchPeriodVariable+", "+a.RefetchPeriod.String())
	}
	if a.StaleLimit < a.KeyringTTL {
		r.reject(StaleLimitVariable, a.StaleLimit.String(), "at least "+KeyringTTLVariable+", "+a.KeyringTTL.String())
	}
}
