package admission

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/credential"
)

func TestTheCredentialOfARequest(t *testing.T) {
	key, other := credential.New([credential.RandomSize]byte{1}).Reveal(), credential.New([credential.RandomSize]byte{2}).Reveal()
	broken := key[:credential.Length-1] + string(key[credential.Length-1]^1)
	for _, test := range []struct {
		title   string
		headers map[string]string
		want    string
		err     error
	}{
		{"none", map[string]string{"host": "x"}, "", ErrMissing},
		{"no headers", nil, "", ErrMissing},
		{"blank", map[string]string{"authorization": " ", "x-api-key": ""}, "", ErrMissing},
		{"CloudFront's", map[string]string{credential.Header: key}, key, nil},
		{"CloudFront's before others", map[string]string{credential.Header: key, "authorization": "Bearer " + other, "x-api-key": other}, key, nil},
		{"CloudFront's alone", map[string]string{credential.Header: "any", "authorization": "Bearer " + other}, "", ErrForeign},
		{"Authorization", map[string]string{"authorization": "Bearer " + key}, key, nil},
		{"another case", map[string]string{"authorization": "BEARER " + key}, key, nil},
		{"without a scheme", map[string]string{"authorization": key}, key, nil},
		{"another scheme", map[string]string{"authorization": "Basic " + key}, "", ErrForeign},
		{"X-API-Key", map[string]string{"x-api-key": " " + key + " "}, key, nil},
		{"Authorization before X-API-Key", map[string]string{"authorization": "Bearer " + key, "x-api-key": other}, key, nil},
		{"the one with a key's form", map[string]string{"authorization": "Bearer any", "x-api-key": key}, key, nil},
		{"scheme alone", map[string]string{"authorization": "Bearer"}, "", ErrForeign},
		{"wrong checksum", map[string]string{"authorization": "Bearer " + broken}, "", credential.ErrChecksum},
		{"cut off", map[string]string{"authorization": "Bearer " + key[:40]}, "", ErrForeign},
		{"twice", map[string]string{"authorization": "Bearer " + key + ", Bearer " + other}, "", ErrSeveral},
		{"twice in X-API-Key", map[string]string{"x-api-key": key + "," + key}, "", ErrSeveral},
		{"twice in CloudFront's", map[string]string{credential.Header: "any," + key}, "", ErrSeveral},
		{"twice another", map[string]string{"authorization": "Bearer a,Bearer b"}, "", ErrForeign},
		{"a token, without issuers", map[string]string{"authorization": "Bearer eyJ.a.b"}, "", ErrForeign},
		{"long", map[string]string{"authorization": "Bearer " + strings.Repeat("a,", 10_000)}, "", ErrForeign},
	} {
		got, err := presented(test.headers, nil)
		require.ErrorIs(t, err, test.err, test.title)
		assert.Equal(t, test.want, got.key.Reveal(), test.title)
	}
}

func TestRemovesCredentials(t *testing.T) {
	headers := map[string]string{credential.Header: "a", "authorization": "b", "x-api-key": "c", "x-request-id": "d"}
	RemoveCredentials(headers)
	assert.Equal(t, map[string]string{"x-request-id": "d"}, headers)
}
