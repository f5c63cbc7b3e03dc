package responseheaders

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const responseHeadersPolicy = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"

func policy(t *testing.T, change func(*config.Settings)) pulumitest.Registration {
	t.Helper()
	recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		s := pulumitest.Settings(t)
		change(&s)
		_, err := New(ctx, "headers", &Args{Deployment: pulumitest.Deployment(t), Settings: s.ResponseHeaders, CORS: s.CORS})
		return err
	})
	return recorder.Only(t, responseHeadersPolicy)
}

func unchanged(*config.Settings) {}

func TestSecurityHeaders(t *testing.T) {
	assert.Equal(t, map[string]any{
		"strictTransportSecurity": map[string]any{
			"accessControlMaxAgeSec": 63_072_000.0, "includeSubdomains": true, "preload": false, "override": true,
		},
		"contentTypeOptions":    map[string]any{"override": true},
		"frameOptions":          map[string]any{"frameOption": "DENY", "override": true},
		"referrerPolicy":        map[string]any{"referrerPolicy": "no-referrer", "override": true},
		"contentSecurityPolicy": map[string]any{"contentSecurityPolicy": "default-src 'none'; frame-ancestors 'none'", "override": true},
	}, policy(t, unchanged).Input("securityHeadersConfig").Mappable())
}

// The policy of the page differs in nothing else: an error at its path has the API's.
func TestPageHasItsOwnContentSecurityPolicy(t *testing.T) {
	recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		s := pulumitest.Settings(t)
		s.CORS.Origins = []string{"https://app.example.com"}
		_, err := New(ctx, "headers", &Args{Deployment: pulumitest.Deployment(t), Settings: s.ResponseHeaders, CORS: s.CORS, Page: true})
		return err
	})
	api, page := recorder.Named(t, responseHeadersPolicy, "headers-policy"), recorder.Named(t, responseHeadersPolicy, "headers-page-policy")
	assert.Equal(t, "gatehouse-test-page", page.Text("name"))
	own := page.Input("securityHeadersConfig").Mappable().(map[string]any)
	assert.Equal(t, map[string]any{"contentSecurityPolicy": "default-src 'none'; frame-ancestors 'none'", "override": false}, own["contentSecurityPolicy"])
	own["contentSecurityPolicy"].(map[string]any)["override"] = true
	assert.Equal(t, api.Input("securityHeadersConfig").Mappable(), own)
	for _, property := range []string{"customHeadersConfig", "removeHeadersConfig", "corsConfig"} {
		assert.False(t, page.Input(property).IsNull(), property)
		assert.Equal(t, api.Input(property), page.Input(property), property)
	}
}

func TestSettingsChangeTheHeaders(t *testing.T) {
	p := policy(t, func(s *config.Settings) {
		s.ResponseHeaders = config.ResponseHeaders{
			CustomName: "X-Mine", CustomValue: "yes",
			HSTS:         config.HSTS{MaxAge: time.Hour, Preload: true},
			FrameOptions: "SAMEORIGIN", ReferrerPolicy: "origin",
		}
	})
	assert.Equal(t, map[string]any{
		"strictTransportSecurity": map[string]any{
			"accessControlMaxAgeSec": 3600.0, "includeSubdomains": false, "preload": true, "override": true,
		},
		"contentTypeOptions": map[string]any{"override": true},
		"frameOptions":       map[string]any{"frameOption": "SAMEORIGIN", "override": true},
		"referrerPolicy":     map[string]any{"referrerPolicy": "origin", "override": true},
	}, p.Input("securityHeadersConfig").Mappable(), "no content security policy")
	assert.Equal(t, "X-Mine", p.Text("customHeadersConfig.items[0].header"))
	assert.Equal(t, "yes", p.Text("customHeadersConfig.items[0].value"))
	assert.True(t, p.Input("removeHeadersConfig").IsNull(), "none to remove")
}

func TestHSTSWithZeroMaxAge(t *testing.T) {
	p := policy(t, func(s *config.Settings) { s.ResponseHeaders.HSTS = config.HSTS{Subdomains: true} })
	assert.True(t, p.Input("securityHeadersConfig.strictTransportSecurity").IsNull(), "the SDK refuses it without a maximum age, and the provider drops 0")
	assert.Len(t, p.Input("customHeadersConfig.items").ArrayValue(), 1, "CloudFront refuses security headers there")

	s := pulumitest.Settings(t).ResponseHeaders
	assert.Empty(t, ForViewerResponse(s))
	s.HSTS.MaxAge = 0
	assert.Equal(t, map[string]string{"strict-transport-security": "max-age=0; includeSubDomains"}, ForViewerResponse(s))
	assert.Equal(t, "max-age=0; includeSubDomains", ForGenerated(s)["strict-transport-security"])
}

func TestCustomAndRemovedHeaders(t *testing.T) {
	p := policy(t, unchanged)
	assert.Equal(t, []any{map[string]any{"header": "X-Custom-AI-Header", "value": "secure", "override": true}},
		p.Input("customHeadersConfig.items").Mappable())
	assert.Equal(t, []any{map[string]any{"header": "Server"}, map[string]any{"header": "X-Powered-By"}},
		p.Input("removeHeadersConfig.items").Mappable())
}

func TestWithoutOriginsThereIsNoCORS(t *testing.T) {
	assert.True(t, policy(t, unchanged).Input("corsConfig").IsNull())
}

func TestCORSFollowsTheSettings(t *testing.T) {
	p := policy(t, func(s *config.Settings) {
		s.CORS = config.CORS{
			Origins: []string{"https://app.example.com"}, Methods: []string{"GET", "POST"}, Headers: []string{"content-type"},
			Credentials: true, MaxAge: time.Minute,
		}
	})
	items := func(texts ...any) map[string]any { return map[string]any{"items": texts} }
	assert.Equal(t, map[string]any{
		"accessControlAllowOrigins": items("https://app.example.com"), "accessControlAllowMethods": items("GET", "POST"),
		"accessControlAllowHeaders":     items("content-type"),
		"accessControlAllowCredentials": true, "accessControlMaxAgeSec": 60.0, "originOverride": true,
	}, p.Input("corsConfig").Mappable())

	p = policy(t, func(s *config.Settings) { s.CORS.Origins = []string{"*"} })
	assert.Equal(t, items("retry-after", "x-amz-cf-id", "x-gatehouse-clamped", "x-gatehouse-dropped", "x-request-id", "x-should-retry"), p.Input("corsConfig.accessControlExposeHeaders").Mappable())
	assert.Equal(t, resource.NewProperty(3600.0), p.Input("corsConfig.accessControlMaxAgeSec"))
	assert.Equal(t, items("authorization", "content-type", "user-agent", "http-referer", "idempotency-key", "x-title"), p.Input("corsConfig.accessControlAllowHeaders").Mappable(),
		"CloudFront takes no names with * at their end")
}

func TestGeneratedResponsesHaveTheSameHeaders(t *testing.T) {
	s := pulumitest.Settings(t).ResponseHeaders
	assert.Equal(t, map[string]string{
		"x-custom-ai-header":        "secure",
		"strict-transport-security": "max-age=63072000; includeSubDomains",
		"x-content-type-options":    "nosniff",
		"x-frame-options":           "DENY",
		"referrer-policy":           "no-referrer",
		"content-security-policy":   "default-src 'none'; frame-ancestors 'none'",
	}, ForGenerated(s))

	s.ContentSecurityPolicy = ""
	s.HSTS = config.HSTS{MaxAge: time.Hour, Preload: true}
	answer := ForGenerated(s)
	assert.NotContains(t, answer, "content-security-policy")
	assert.Equal(t, "max-age=3600; preload", answer["strict-transport-security"])
}
