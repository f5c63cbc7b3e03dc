package lambdaenv_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

var testIssuers = []token.Issuer{
	{Name: "corp", URL: "https://login.example.com", Audience: "gatehouse"},
	{Name: "ci", URL: "https://token.example.org/", Audience: "https://api.example.com"},
}

func lookupIn(variables map[string]string) lambdaenv.Lookup {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

func TestIssuersAreReadAsTheyAreWritten(t *testing.T) {
	env := lambdaenv.Issuers{ClientsTable: "gatehouse-test-clients", Issuers: testIssuers}
	read, err := lambdaenv.ParseIssuers(lookupIn(env.Variables()))
	require.NoError(t, err)
	assert.Equal(t, env, read)
	_, named := lambdaenv.Issuers{Issuers: testIssuers}.Variables()[lambdaenv.ClientsTableVariable]
	assert.False(t, named, "an output of the program")
}

func TestProblemsOfIssuers(t *testing.T) {
	_, err := lambdaenv.ParseIssuers(lookupIn(map[string]string{lambdaenv.OIDCIssuersVariable: "corp"}))
	require.ErrorContains(t, err, lambdaenv.ClientsTableVariable+" is not set")
	require.ErrorContains(t, err, lambdaenv.OIDCIssuersVariable+` is "corp"`)
	_, err = lambdaenv.ParseIssuers(lookupIn(map[string]string{lambdaenv.ClientsTableVariable: "gatehouse-test-clients"}))
	require.ErrorContains(t, err, "at least one")
}

func TestIssuersOfTheFunctionsThatIdentifyClients(t *testing.T) {
	model := lambdaenv.Model{
		Stack: "gatehouse-test", APIPrefix: "/api", Backend: lambdaenv.BackendBedrock, ModelIDs: []string{"m"}, MaxTokens: 1024, MaxBody: 1 << 20,
		ClientAccess: lambdaenv.ClientAccessKeys, ClientsTable: "gatehouse-test-clients", ClientUsageDays: 400,
		ModelPrices: map[string]string{"m": "1/1"}, Issuers: testIssuers,
	}
	read, err := lambdaenv.ParseModel(lookupIn(model.Variables()))
	require.NoError(t, err)
	assert.Equal(t, testIssuers, read.Issuers)
	model.ClientAccess = lambdaenv.ClientAccessOpen
	assert.NotContains(t, model.Variables(), lambdaenv.OIDCIssuersVariable)

	variables := lambdaenv.Authorizer{RequiresClient: true, ClientsTable: "gatehouse-test-clients", Issuers: testIssuers}.Variables()
	assert.Equal(t, token.JoinIssuers(testIssuers), variables[lambdaenv.OIDCIssuersVariable])
	variables = lambdaenv.Authorizer{RequiresClient: true, ClientsTable: "gatehouse-test-clients"}.Variables()
	assert.NotContains(t, variables, lambdaenv.OIDCIssuersVariable)
}
