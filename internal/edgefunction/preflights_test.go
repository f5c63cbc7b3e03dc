package edgefunction

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	source "github.com/gatehouse-iac/gatehouse/lambda/edge"
)

// preflight is the CORS request that a browser sends before a page's request.
type preflight struct {
	origin, method, header string
}

// event returns the preflight as an event of a CloudFront Function.
func (p preflight) event() map[string]any {
	value := func(text string) map[string]any { return map[string]any{"value": text} }
	return map[string]any{
		"context": map[string]any{"requestId": "id"},
		"request": map[string]any{
			"method": "OPTIONS", "uri": "/api/chat/completions", "querystring": map[string]any{},
			"headers": map[string]any{
				"origin": value(p.origin), "access-control-request-method": value(p.method), "access-control-request-headers": value("accept," + p.header),
			},
		},
	}
}

// response is the function's response.
type response struct {
	StatusCode int
	Headers    map[string]struct{ Value string }
}

func (r response) lists(header, value string) bool {
	return slices.Contains(strings.Split(r.Headers[header].Value, ", "), value)
}

// some returns a random subset of a list.
func some(random *rand.Rand, all ...string) []string {
	part := []string{}
	for _, each := range all {
		if random.IntN(2) == 0 {
			part = append(part, each)
		}
	}
	return part
}

// randomSettings returns random settings that pass the checks and enable CORS.
func randomSettings(t *testing.T, random *rand.Rand) config.Settings {
	t.Helper()
	list := func(values []string) string {
		encoded, err := json.Marshal(values)
		require.NoError(t, err)
		return string(encoded)
	}
	for {
		values := map[string]string{
			"gatehouse:edgeMethods":     list(some(random, "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")),
			"gatehouse:corsMethods":     list(some(random, "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")),
			"gatehouse:corsOrigins":     list(some(random, "https://app.example.com", "https://*.example.org:8443", "http://localhost:3000", "http://192.168.1.20:3000")),
			"gatehouse:corsHeaders":     list(some(random, "authorization", "Content-Type", "user-agent", "x-stainless-*", "OpenAI-*", "*")),
			"gatehouse:corsCredentials": fmt.Sprint(random.IntN(2) == 0),
			"gatehouse:corsMaxAge":      []string{"0s", "1h", "24h"}[random.IntN(3)],
			"gatehouse:hstsMaxAge":      []string{"0s", "87600h"}[random.IntN(2)],
		}
		if random.IntN(4) == 0 {
			values["gatehouse:corsOrigins"] = `["*"]`
		}
		if s, err := config.Load(values); err == nil && s.CORS.Enabled() {
			return s
		}
	}
}

// preflightsOf returns a preflight for each origin, method and header of the settings.
func preflightsOf(c config.CORS) []preflight {
	var all []preflight
	for _, origin := range c.Origins {
		if origin == "*" {
			origin = "app://obsidian.md"
		}
		for _, method := range c.Methods {
			for _, header := range c.Headers {
				// A browser sends names in lower case, and whole.
				header = strings.Replace(strings.ToLower(header), "*", "x-1", 1)
				all = append(all, preflight{strings.Replace(origin, "*", "a-1", 1), method, header})
			}
		}
	}
	return all
}

// run is a rendered function, and the events to call it with.
type run struct {
	Code   string           `json:"code"`
	Events []map[string]any `json:"events"`
}

// rendered returns the viewer-request function with the settings.
func rendered(t *testing.T, s config.Settings) string {
	t.Helper()
	code, err := Render(source.ViewerRequest, newViewerSettings(&ViewerArgs{
		Edge: s.Edge, CORS: s.CORS, ResponseHeaders: s.ResponseHeaders, Prefix: s.Gateway.Prefix, KeyHeader: s.Key.Header,
	}))
	require.NoError(t, err)
	return code
}

// responses returns the responses of each function to its events.
func responses(t *testing.T, runs []run) [][]response {
	t.Helper()
	input, err := json.Marshal(runs)
	require.NoError(t, err)
	node := exec.Command("node", "testdata/preflights.mjs")
	node.Stdin = bytes.NewReader(input)
	output, err := node.Output()
	require.NoError(t, err)
	var answered [][]response
	require.NoError(t, json.Unmarshal(output, &answered))
	require.Len(t, answered, len(runs))
	return answered
}

// Headers that OpenAI's JavaScript client sends from a page, and those that applications
// add to it.
var openAIHeaders = []string{
	"authorization", "content-type", "user-agent", "x-stainless-arch", "x-stainless-custom-poll-interval", "x-stainless-helper-method",
	"x-stainless-lang", "x-stainless-os", "x-stainless-package-version", "x-stainless-poll-helper", "x-stainless-retry-count",
	"x-stainless-runtime", "x-stainless-runtime-version", "x-stainless-timeout", "openai-organization", "openai-project", "openai-beta",
	"http-referer", "x-title", "idempotency-key",
}

func TestPagesMayUseOpenAIsClientWithTheDefaults(t *testing.T) {
	s, err := config.Load(map[string]string{"gatehouse:corsOrigins": `["*"]`})
	require.NoError(t, err)
	asked := preflight{"https://app.example.com", "POST", strings.Join(openAIHeaders, ",")}
	r := responses(t, []run{{Code: rendered(t, s), Events: []map[string]any{asked.event()}}})[0][0]
	assert.Equal(t, 204, r.StatusCode)
	for _, header := range openAIHeaders {
		assert.True(t, r.lists("access-control-allow-headers", header), "%s is not in %v", header, r.Headers)
	}
	for _, header := range []string{"retry-after", "x-request-id", "x-gatehouse-clamped", "x-gatehouse-dropped", "x-should-retry"} {
		assert.True(t, r.lists("access-control-expose-headers", header), "%s is not in %v", header, r.Headers)
	}
}

func TestPreflightsThatTheSettingsAllowAreAccepted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var runs []run
	var asked [][]preflight
	for range 200 {
		s := randomSettings(t, random)
		preflights := preflightsOf(s.CORS)
		r := run{Code: rendered(t, s)}
		for _, p := range preflights {
			r.Events = append(r.Events, p.event())
		}
		runs, asked = append(runs, r), append(asked, preflights)
	}
	answered := responses(t, runs)
	for i, preflights := range asked {
		for j, p := range preflights {
			r := answered[i][j]
			assert.Equal(t, 204, r.StatusCode, "%v", p)
			assert.Contains(t, []string{p.origin, "*"}, r.Headers["access-control-allow-origin"].Value, "%v", p)
			assert.True(t, r.lists("access-control-allow-methods", p.method), "%v", p)
			assert.True(t, r.lists("access-control-allow-headers", p.header) || r.lists("access-control-allow-headers", "*"), "%v: %v", p, r.Headers)
		}
	}
}
