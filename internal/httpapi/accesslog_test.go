package httpapi

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// contextOfAuthorizer lists the properties that the authorizer returns (lambda/authorizer).
var contextOfAuthorizer = []string{"originKey", "client", "key"}

// API Gateway accepts a format with any variable, and logs a hyphen for one that HTTP
// APIs don't have, so that a query for it never finds anything.
func TestTheAccessLogHasVariablesOfHTTPAPIs(t *testing.T) {
	content, err := os.ReadFile("../../sandbox/servers/aws/gatehouse_cloud/fidelity/apigateway/http_api_variables.json")
	require.NoError(t, err)
	var known struct {
		Variables           []string
		ContextOfAuthorizer string
	}
	require.NoError(t, json.Unmarshal(content, &known))
	require.NotEmpty(t, known.Variables)
	fields := maps.Clone(accessLog)
	maps.Copy(fields, clientFields)
	require.Len(t, fields, len(accessLog)+len(clientFields), "each name once")
	for field, text := range fields {
		name, found := strings.CutPrefix(text, "$context.")
		require.True(t, found, field)
		if property, ok := strings.CutPrefix(name, known.ContextOfAuthorizer); ok && slices.Contains(contextOfAuthorizer, property) {
			continue
		}
		assert.Contains(t, known.Variables, name, field)
	}
}
