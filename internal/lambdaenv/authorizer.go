package lambdaenv

import (
	"maps"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

// Authorizer holds the environment of the authorizer.
// RefetchPeriod ≤ KeyringTTL ≤ StaleLimit.
type Authorizer struct {
	KeyPath       string        // of the keyring in Parameter Store
	Header        string        // that carries the origin key, in lower case
	KeyringTTL    time.Duration // a key in a keyring younger than this is accepted without a read
	RefetchPeriod time.Duration // the keyring is read at most once in this time
	StaleLimit    time.Duration // a key is accepted this long when the keyring can't be read

	// RequiresClient is set if requests to the private model require a client. Then:
	RequiresClient bool
	ClientsTable   string         // name of the DynamoDB table of clients
	InferencePrice price.Amount   // of a request to the private model
	Issuers        []token.Issuer // of tokens that clients may send instead of keys, without keys
}

// Variables returns the variables that [ParseAuthorizer] reads.
func (a Authorizer) Variables() map[string]string {
	variables := map[string]string{
		KeyPathVariable:       a.KeyPath,
		OriginHeaderVariable:  a.Header,
		KeyringTTLVariable:    a.KeyringTTL.String(),
		RefetchPeriodVariable: a.RefetchPeriod.String(),
		StaleLimitVariable:    a.StaleLimit.String(),
	}
	maps.Copy(variables, a.clientVariables())
	return variables
}

// clientVariables returns the variables about clients: none unless one is required. The
// table's name is left out if it is empty, since the program knows it as an output only.
func (a Authorizer) clientVariables() map[string]string {
	if !a.RequiresClient {
		return nil
	}
	variables := map[string]string{InferencePriceVariable: a.InferencePrice.String()}
	if a.ClientsTable != "" {
		variables[ClientsTableVariable] = a.ClientsTable
	}
	if len(a.Issuers) > 0 {
		variables[OIDCIssuersVariable] = token.JoinIssuers(a.Issuers)
	}
	return variables
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
	a.readClients(&r)
	return a, r.err()
}

// readClients reads the variables about clients, which are set if one is required.
func (a *Authorizer) readClients(r *reader) {
	if r.optional(ClientsTableVariable) == "" && r.optional(InferencePriceVariable) == "" {
		return
	}
	a.RequiresClient = true
	a.ClientsTable = r.string(ClientsTableVariable, "the name of the DynamoDB table of clients", isTableName)
	a.InferencePrice, _ = price.ParseAmount(r.string(InferencePriceVariable, "dollars such as 0.002", isAmount))
	a.Issuers = r.issuers()
}

func isAmount(value string) bool {
	_, err := price.ParseAmount(value)
	return err == nil
}

func (a Authorizer) crossCheck(r *reader) {
	if a.KeyringTTL < a.RefetchPeriod {
		r.reject(KeyringTTLVariable, a.KeyringTTL.String(), "at least "+RefetchPeriodVariable+", "+a.RefetchPeriod.String())
	}
	if a.StaleLimit < a.KeyringTTL {
		r.reject(StaleLimitVariable, a.StaleLimit.String(), "at least "+KeyringTTLVariable+", "+a.KeyringTTL.String())
	}
}
