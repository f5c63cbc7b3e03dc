package edgefunction

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const cloudFrontFunction = "aws:cloudfront/function:Function"

func runViewer(t *testing.T, change func(*config.Settings)) (*pulumitest.Recorder, error) {
	t.Helper()
	return pulumitest.Run(func(ctx *pulumi.Context) error {
		s := pulumitest.Settings(t)
		change(&s)
		_, err := NewViewer(ctx, "viewer", &ViewerArgs{
			Deployment:        pulumitest.Deployment(t),
			Edge:              s.Edge,
			CORS:              s.CORS,
			ResponseHeaders:   s.ResponseHeaders,
			Prefix:            "/v1",
			ProblemsPrefix:    "/problems",
			KeyHeader:         "x-origin-key",
			CloudFrontHeaders: []string{CountrySource},
		})
		return err
	})
}

func unchanged(*config.Settings) {}

// compiledIn returns the settings in a function's code.
func compiledIn(t *testing.T, code string) map[string]any {
	t.Helper()
	found := regexp.MustCompile(`(?m)^const settings = (.*);$`).FindStringSubmatch(code)
	require.NotNil(t, found)
	var all map[string]any
	require.NoError(t, json.Unmarshal([]byte(found[1]), &all))
	return all
}

func TestViewerFunctionsArePublished(t *testing.T) {
	recorder, err := runViewer(t, unchanged)
	require.NoError(t, err)
	functions := recorder.OfType(cloudFrontFunction)
	require.Len(t, functions, 2)
	for _, f := range functions {
		assert.Equal(t, "cloudfront-js-2.0", f.Text("runtime"), f.Name)
		assert.Equal(t, resource.NewProperty(true), f.Input("publish"), f.Name)
	}
	assert.Equal(t, "gatehouse-test-viewer-request", recorder.Named(t, cloudFrontFunction, "viewer-request").Text("name"))
	assert.Equal(t, map[string]any{"requestIdHeader": "x-request-id", "headers": map[string]any{}},
		compiledIn(t, recorder.Named(t, cloudFrontFunction, "viewer-response").Text("code")))
}

func TestViewerRequestFunctionHasTheSettings(t *testing.T) {
	recorder, err := runViewer(t, unchanged)
	require.NoError(t, err)
	known := compiledIn(t, recorder.Named(t, cloudFrontFunction, "viewer-request").Text("code"))
	assert.Equal(t, "secure", known["answerHeaders"].(map[string]any)["x-custom-ai-header"])
	delete(known, "answerHeaders")
	assert.Equal(t, map[string]any{
		"prefix": "/v1", "problemsPrefix": "/problems",
		"keyHeader": "x-origin-key", "requestIdHeader": "x-request-id", "countryHeader": "x-viewer-country",
		"cloudFrontHeaders": []any{"cloudfront-viewer-country"},
		"methods":           []any{"GET", "HEAD", "OPTIONS", "POST"},
		"targetLimit":       4096.0, "bodyLimit": 1048576.0, "cors": nil, "credential": nil,
	}, known)
}

func TestViewerRequestFunctionHasTheCORSSettings(t *testing.T) {
	recorder, err := runViewer(t, func(s *config.Settings) {
		s.CORS.Origins = []string{"https://*.example.com"}
		s.CORS.Credentials = true
		s.Edge.Methods = []string{"POST"}
		s.Edge.BodyLimit = 2048
	})
	require.NoError(t, err)
	known := compiledIn(t, recorder.Named(t, cloudFrontFunction, "viewer-request").Text("code"))
	assert.Equal(t, map[string]any{
		"origins": []any{"https://*.example.com"}, "methods": []any{"GET", "HEAD", "OPTIONS", "POST"},
		"headers":        []any{"authorization", "content-type", "user-agent", "openai-*", "x-stainless-*", "http-referer", "idempotency-key", "x-title"},
		"exposedHeaders": []any{"retry-after", "x-amz-cf-id", "x-gatehouse-clamped", "x-gatehouse-dropped", "x-request-id", "x-should-retry"},
		"credentials":    true, "maxAge": 3600.0,
	}, known["cors"])
	assert.Equal(t, []any{"POST"}, known["methods"])
	assert.InDelta(t, 2048, known["bodyLimit"], 0)
}

func TestViewerRequestFunctionLeavesRoomForLargerSettings(t *testing.T) {
	recorder, err := runViewer(t, unchanged)
	require.NoError(t, err)
	const room = 512
	assert.Less(t, len(recorder.Named(t, cloudFrontFunction, "viewer-request").Text("code")), largestFunction-room)
}

func TestFunctionTooLargeForCloudFrontIsRejected(t *testing.T) {
	_, err := runViewer(t, func(s *config.Settings) {
		s.ResponseHeaders.ContentSecurityPolicy = strings.Repeat("x", 1783)
		s.ResponseHeaders.CustomValue = strings.Repeat("x", 1783)
	})
	require.ErrorContains(t, err, "the viewer-request function has ")
	require.ErrorContains(t, err, "allowed: at most 10240, so shorten one of contentSecurityPolicy, corsOrigins")
}
