package verify

import (
	"bufio"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var notInAnchors = regexp.MustCompile(`[^a-z0-9 -]`)

// runbookSections returns the anchors of the runbook's headings, as GitHub makes them.
func runbookSections(t *testing.T) []string {
	t.Helper()
	file, err := os.Open("../../docs/runbook.md")
	require.NoError(t, err)
	defer file.Close()
	var all []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if heading, found := strings.CutPrefix(strings.TrimLeft(lines.Text(), "#"), " "); found && strings.HasPrefix(lines.Text(), "##") {
			all = append(all, strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-"))
		}
	}
	return all
}

const someOutputs = `{"url":"https://api.example.com","distributionUrl":"https://d1.cloudfront.net","edgeHttpVersion":"http2and3","apiUrl":"https://a1.execute-api.eu-west-1.amazonaws.com/",
	"streamUrl":"https://r1.execute-api.eu-west-1.amazonaws.com/live","apiPrefix":"/api","originHeaderName":"x-origin-verify","namePrefix":"gatehouse-dev","modelId":"m",
	"clientAccess":"keys","runbookUrl":"https://runbook","corsOrigins":["https://app.example.com"],"securityGroupIds":{"vpcLink":"sg-1"},"secret":"[secret]"}`

func TestReadOutputs(t *testing.T) {
	o, err := ReadOutputs(strings.NewReader(someOutputs))
	require.NoError(t, err)
	assert.Equal(t, []string{"https://app.example.com"}, o.CORSOrigins)
	assert.Equal(t, Addresses{
		Viewer: Address{URL: "https://api.example.com"}, Plain: Address{URL: "http://api.example.com"},
		API: Address{URL: "https://a1.execute-api.eu-west-1.amazonaws.com"}, Stream: Address{URL: "https://r1.execute-api.eu-west-1.amazonaws.com/live"},
	}, o.Addresses(nil))
	assert.False(t, o.Addresses(nil).isLocal())
	for given, want := range map[string]string{
		"":                     "pulumi stack output --json",
		"[]":                   "pulumi stack output --json",
		"{}":                   "lack url, distributionUrl, edgeHttpVersion, apiUrl, apiPrefix, originHeaderName, namePrefix, modelId, clientAccess, runbookUrl: run `pulumi up`",
		`{"url": "https://x"}`: "lack distributionUrl, edgeHttpVersion, apiUrl",
	} {
		_, err := ReadOutputs(strings.NewReader(given))
		require.ErrorContains(t, err, want, given)
	}
}

func TestConnections(t *testing.T) {
	o, err := ReadOutputs(strings.NewReader(someOutputs))
	require.NoError(t, err)
	var to Connections
	for _, one := range []string{"https://*=http://127.0.0.1:2", "https://*.execute-api.*=http://127.0.0.1:3/", "http://*=http://127.0.0.1:1"} {
		require.NoError(t, to.Set(one))
	}
	assert.Equal(t, Addresses{
		Viewer: Address{URL: "http://127.0.0.1:2", Host: "api.example.com"}, Plain: Address{URL: "http://127.0.0.1:1", Host: "api.example.com"},
		API:    Address{URL: "http://127.0.0.1:3", Host: "a1.execute-api.eu-west-1.amazonaws.com"},
		Stream: Address{URL: "http://127.0.0.1:3/live", Host: "r1.execute-api.eu-west-1.amazonaws.com"},
	}, o.Addresses(to))
	assert.True(t, o.Addresses(to).isLocal())
	assert.Equal(t, Address{}, to.address(""), "a part that the stack doesn't have")
	for _, bad := range []string{"", "https://a", "a=http://b", "https://[=http://b", "https://a=b"} {
		require.ErrorContains(t, to.Set(bad), "want SCHEME://HOST=URL", bad)
	}
}
