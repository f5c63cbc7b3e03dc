package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

const stackOutputs = `{"apiId":"a","rotatorName":"gatehouse-dev-rotator","rotationEvent":"{\"action\":\"tick\",\"apiId\":\"a\",\"originId\":\"api\"}","secret":"[secret]"}`

// printed returns what is printed of results of the rotator.
func printed(t *testing.T, results ...string) string {
	t.Helper()
	var out bytes.Buffer
	for _, result := range results {
		var status rotatorapi.Status
		require.NoError(t, json.Unmarshal([]byte(result), &status))
		require.NoError(t, printStatus(&out, status))
	}
	return out.String()
}

func TestStatusShowsOriginsThatDisagree(t *testing.T) {
	out := printed(t,
		`{"keys":[],"header":"different values to its origins","deployed":true,"modifiedAgo":"1h0m0s","deployingFor":"0s","next":{"action":"publish","reason":"repair"},`+
			`"origins":[{"id":"api","header":"a key of the keyring","key":"k2"},{"id":"stream","header":"nothing"}]}`)
	assert.Contains(t, out, `CloudFront sends different values to its origins; changed 1h0m0s ago, deployed everywhere.
To origin api it sends a key of the keyring (k2).
To origin stream it sends nothing.
Next: publish, because repair.
`)
}

func TestStatus(t *testing.T) {
	out := printed(t,
		`{"keys":[{"name":"k1","age":"6h0m0s","inUse":false},{"name":"k2","age":"5m0s","inUse":true}],"header":"a key of the keyring","deployed":false,"modifiedAgo":"4m30s","deployingFor":"4m30s","next":{"action":"nothing","reason":"key k2 is in use","againIn":"25m0s"}}`,
		`{"keys":[],"header":"nothing","deployed":true,"modifiedAgo":"1h0m0s","deployingFor":"0s","next":{"action":"add","reason":"the keyring is empty"}}`)
	assert.Equal(t, `KEY   AGE      
k1    6h0m0s   
k2    5m0s     in use
CloudFront sends a key of the keyring; changed 4m30s ago, being deployed for 4m30s.
Next: nothing, because key k2 is in use.
Another step can follow in 25m0s.
KEY   AGE   
CloudFront sends nothing; changed 1h0m0s ago, deployed everywhere.
Next: add, because the keyring is empty.
`, out)
}

func TestArguments(t *testing.T) {
	for _, bad := range [][]string{
		nil, {"renew"}, {"rotate", "revoke"}, {"rotate", "-force"}, {"status", "-through", "k1"}, {"-through", "k1", "rotate"}, {"doctor"}, {"doctor", "-stack", "dev", "x"},
	} {
		err := command(t.Context(), bad, strings.NewReader(stackOutputs), &bytes.Buffer{})
		require.ErrorContains(t, err, "gatehouse rotate|revoke [-through KEY]", bad)
	}
	// Valid arguments come as far as the outputs.
	err := command(t.Context(), []string{"revoke", "-through", "k1"}, strings.NewReader("{}"), &bytes.Buffer{})
	require.ErrorContains(t, err, "rotatorName or rotationEvent")
}

func TestOutputs(t *testing.T) {
	for given, want := range map[string]string{
		``:                                       "pulumi stack output --json",
		`{}`:                                     "rotatorName or rotationEvent: run `pulumi up`",
		`{"rotatorName":"r","rotationEvent":{}}`: "pulumi stack output --json",
	} {
		err := command(t.Context(), []string{"status"}, strings.NewReader(given), &bytes.Buffer{})
		require.ErrorContains(t, err, want, given)
	}
}
