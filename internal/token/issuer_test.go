package token_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/token"
)

func TestIssuersAreWrittenAsTheyAreRead(t *testing.T) {
	for _, written := range []string{
		"",
		"corp=https://login.example.com|gatehouse",
		"a=https://auth.example.com/|https://api.example.com/?x=1#y",
		"corp=https://login.example.com|gatehouse,corp-2=https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A1b2|4abc,local=http://127.0.0.1:8080/a|api",
	} {
		issuers, ok := token.ParseIssuers(written)
		assert.True(t, ok, written)
		assert.Equal(t, written, token.JoinIssuers(issuers))
	}
	i, ok := token.ParseIssuer("corp=https://login.example.com/a=b|gate=house")
	assert.True(t, ok)
	assert.Equal(t, token.Issuer{Name: "corp", URL: "https://login.example.com/a=b", Audience: "gate=house"}, i)
}

func TestIssuersThatAreRefused(t *testing.T) {
	const one = "corp=https://login.example.com|gatehouse"
	for _, written := range []string{
		"corp", "corp=https://login.example.com", "https://login.example.com|gatehouse", "=https://login.example.com|gatehouse",
		"corp=https://login.example.com|", "corp=|gatehouse", "Corp=https://login.example.com|gatehouse", "-a=https://login.example.com|gatehouse",
		strings.Repeat("a", 33) + "=https://login.example.com|gatehouse", "corp=https://login.example.com|gate house", "corp=https://login.example.com|a|b",
		"corp=https://login.example.com|" + strings.Repeat("a", 256), "corp=https://login.example.com?a=b|gatehouse", "corp=https://login.example.com?|gatehouse",
		"corp=https://login.example.com#|gatehouse", "corp=https://user@login.example.com|gatehouse", "corp=https:///a|gatehouse", "corp=ftp://login.example.com|gatehouse",
		"corp=http://login.example.com|gatehouse", "corp=http://127.0.0.1.example.com|gatehouse", "corp=http://10.0.0.1|gatehouse", "corp=http://169.254.169.254|gatehouse",
		"corp=https://login.example.com|gatehouse\n", "corp=https://login.exämple.com|gatehouse",
		one + ",", "," + one, one + "," + one, one + ",corp=https://other.example.com|gatehouse", one + ",other=https://login.example.com|other",
		one + ",b=https://b.example.com|a,c=https://c.example.com|a,d=https://d.example.com|a",
	} {
		_, ok := token.ParseIssuers(written)
		assert.False(t, ok, written)
	}
}
