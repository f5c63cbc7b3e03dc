package admission

import (
	"errors"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
)

// Errors of the credential of a request. They quote nothing of it. That of a key with a
// wrong checksum is [credential.ErrChecksum].
var (
	ErrMissing = errors.New("the request has no credential")
	ErrSeveral = errors.New("the request has several credentials")
	ErrForeign = errors.New("the credential is not a key of this API")
	ErrUnknown = errors.New("the key is not valid")
	ErrToken   = errors.New("only a key can be ended: a token ends by itself")
)

// Names of the headers with a credential, beside that of CloudFront.
const (
	authorizationHeader = "authorization"
	apiKeyHeader        = "x-api-key"
)

// credentials are those of a request: a key, or a token if it is not "".
type credentials struct {
	key   credential.Key
	token string
}

// presented returns the credential that a request came with. CloudFront moves it to a
// header of its own; a request that comes straight to the API has it where clients send
// it. Of two headers, that with a text of a key's or a token's form counts: clients have
// to send something in the other.
func presented(headers map[string]string, tokens *admit.Tokens) (credentials, error) {
	candidates := []string{headers[credential.Header]}
	if candidates[0] == "" {
		candidates = []string{withoutScheme(headers[authorizationHeader]), strings.TrimSpace(headers[apiKeyHeader])}
	}
	err := ErrMissing
	for _, text := range candidates {
		switch {
		case text == "":
		case credential.HasForm(text):
			key, err := credential.Parse(text)
			return credentials{key: key}, err
		case tokens.Accepts(text):
			return credentials{token: text}, nil
		case severalKeys(text):
			return credentials{}, ErrSeveral
		default:
			err = ErrForeign
		}
	}
	return credentials{}, err
}

// withoutScheme returns the credential of the header Authorization. That of another scheme
// than Bearer has no form of a key.
func withoutScheme(value string) string {
	const scheme = "bearer "
	value = strings.TrimSpace(value)
	if len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
		return strings.TrimSpace(value[len(scheme):])
	}
	return value
}

// severalKeys reports whether a text has several values, one of them a key. API Gateway
// joins the values of a header that is repeated with commas.
func severalKeys(text string) bool {
	first, rest, several := strings.Cut(text, ",")
	if !several {
		return false
	}
	for value := range strings.SplitSeq(first+","+rest, ",") {
		if credential.HasForm(withoutScheme(value)) {
			return true
		}
	}
	return false
}

// RemoveCredentials removes the headers that may have a credential, so that nothing that
// handles the request later can log or pass on one.
func RemoveCredentials(headers map[string]string) {
	for _, name := range []string{credential.Header, authorizationHeader, apiKeyHeader} {
		delete(headers, name)
	}
}
