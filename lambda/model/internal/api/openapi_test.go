package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// inFile are the settings that the unchanged document describes: the program's defaults.
var inFile = struct {
	prefix string
	limits Limits
}{"/api", Limits{Models: []string{testModel}, MaxTokens: 1024, MaxBody: 1 << 20}}

func TestDocumentDescribesTheDefaults(t *testing.T) {
	assert.Equal(t, document, describe(inFile.prefix, inFile.limits))
}

func TestDocumentFollowsTheSettings(t *testing.T) {
	var d struct {
		Servers    []struct{ URL string }
		Components struct {
			Schemas struct {
				ModelID    struct{ Enum []string } `yaml:"ModelId"`
				TokenLimit struct{ Maximum int }   `yaml:"TokenLimit"`
			}
			Responses struct {
				BodyTooLarge struct {
					MaxBytes int `yaml:"x-max-bytes"`
				} `yaml:"BodyTooLarge"`
			}
		}
	}
	ids := []string{"amazon.nova-lite-v1:0", "weird: \"id\" # 'x' $1"}
	require.NoError(t, yaml.Unmarshal([]byte(describe("/v1", Limits{Models: ids, MaxTokens: 7, MaxBody: 9})), &d))
	assert.Equal(t, "/v1", d.Servers[0].URL)
	assert.Equal(t, ids, d.Components.Schemas.ModelID.Enum)
	assert.Equal(t, 7, d.Components.Schemas.TokenLimit.Maximum)
	assert.Equal(t, 9, d.Components.Responses.BodyTooLarge.MaxBytes)
}

func TestDocumentIsServed(t *testing.T) {
	s := newSetup()
	r := s.do(t, request(http.MethodGet, "/api/openapi.yaml", ""))
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Equal(t, "application/yaml; charset=utf-8", r.Headers["content-type"])
	assert.Equal(t, describe("/api", s.Limits), r.Body)
}

// described has the document's paths and codes.
type described struct {
	Paths      map[string]map[string]any
	Components struct {
		Schemas map[string]struct {
			Enum       []string
			Properties map[string]any
		}
	}
}

func parseDocument(t *testing.T) described {
	t.Helper()
	var d described
	require.NoError(t, yaml.Unmarshal([]byte(document), &d))
	return d
}

func TestDocumentHasEveryEndpoint(t *testing.T) {
	d := parseDocument(t)
	paths := newClientSetup(t, acme()).paths
	assert.ElementsMatch(t, slices.Sorted(maps.Keys(paths)), slices.Sorted(maps.Keys(d.Paths)))
	for path, methods := range paths {
		var served []string
		for method := range methods {
			served = append(served, strings.ToLower(method))
		}
		assert.ElementsMatch(t, served, slices.Collect(maps.Keys(d.Paths[path])), path)
	}
}

// TestDocumentHasTheAccessOfEveryEndpoint checks that the endpoints that need no key are
// those that the document says need none.
func TestDocumentHasTheAccessOfEveryEndpoint(t *testing.T) {
	d := parseDocument(t)
	for path, methods := range newClientSetup(t, acme()).paths {
		for method, endpoint := range methods {
			operation, ok := d.Paths[path][strings.ToLower(method)].(map[string]any)
			require.True(t, ok)
			security, own := operation["security"]
			assert.Equal(t, endpoint.access == openAccess, own, path)
			if own {
				assert.Empty(t, security, path)
			}
		}
	}
}

func TestDocumentHasEveryMember(t *testing.T) {
	schemas := parseDocument(t).Components.Schemas
	for name := range schemas["Conversation"].Properties {
		assert.True(t, isConversationMember(name), name)
	}
	assert.Len(t, schemas["Conversation"].Properties, 6)
	for name := range schemas["ChatCompletionRequest"].Properties {
		assert.True(t, isCompletionMember(name), name)
	}
	assert.Len(t, schemas["ChatCompletionRequest"].Properties, 16+len(options))
	for name := range schemas["ChatMessage"].Properties {
		assert.True(t, isChatMember(name), name)
	}
	assert.Len(t, schemas["ChatMessage"].Properties, 13)
}

func TestDocumentHasEveryCode(t *testing.T) {
	assert.ElementsMatch(t, []string{
		codeUnauthenticated, codeNotFound, codeModelNotFound, codeMethod, codeBodyTooLarge, codeMediaType, codeMalformedBody, codeInvalidBody,
		codeStreaming, codeUnsupported, codeRejected, codeTooLong, codeAnswerTooLarge, codeBusy, codeMalformedAnswer, codeSchemaMismatch, codeModelFailed, codeUnavailable, codeTimeout,
		codeMissingCredential, codeSeveralCredentials, codeInvalidKey, codeInvalidToken, codeSuspended, codeRateExceeded, codeTooManyAtOnce, codeBudgetInUse, codeBudgetSpent,
		codeClientsUnavailable, codeQuery,
		"malformed_request", "forbidden", "length_required", "target_too_long", // by the edge
	}, parseDocument(t).Components.Schemas["Code"].Enum)
}
