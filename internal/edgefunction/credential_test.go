package edgefunction

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func TestCredentialSettings(t *testing.T) {
	for _, c := range []struct {
		credential *Credential
		want       string
	}{
		{nil, `null`},
		{&Credential{}, `{"header":"x-gatehouse-credential","open":["/healthz","/readyz","/openapi.yaml","/chat/healthz"]}`},
		{
			&Credential{Required: true},
			`{"header":"x-gatehouse-credential","open":["/healthz","/readyz","/openapi.yaml","/chat/healthz"],"required":true}`,
		},
		{
			&Credential{Required: true, Tokens: true},
			`{"header":"x-gatehouse-credential","open":["/healthz","/readyz","/openapi.yaml","/chat/healthz"],"required":true,"tokens":true}`,
		},
		{
			&Credential{Playground: true},
			`{"header":"x-gatehouse-credential","open":["/healthz","/readyz","/openapi.yaml","/chat/healthz","/playground"]}`,
		},
	} {
		encoded, err := json.Marshal(newViewerSettings(&ViewerArgs{Credential: c.credential}))
		require.NoError(t, err)
		var all map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(encoded, &all))
		assert.Equal(t, c.want, string(all["credential"]))
	}
}

// withCredential returns the code of the viewer-request function with the settings.
func withCredential(t *testing.T, c *Credential, values map[string]string) (string, error) {
	t.Helper()
	s, err := config.Load(values)
	require.NoError(t, err)
	recorder, err := pulumitest.Run(func(ctx *pulumi.Context) error {
		_, err := NewViewer(ctx, "viewer", &ViewerArgs{
			Deployment: pulumitest.Deployment(t), Edge: s.Edge, CORS: s.CORS, ResponseHeaders: s.ResponseHeaders,
			Prefix: s.Gateway.Prefix, ProblemsPrefix: "/problems", KeyHeader: s.Key.Header, CloudFrontHeaders: []string{CountrySource},
			Credential: c,
		})
		return err
	})
	if err != nil {
		return "", err
	}
	return recorder.Named(t, cloudFrontFunction, "viewer-request").Text("code"), nil
}

// The longest values that the settings of a header may have, and settings for web apps.
func TestViewerRequestFunctionHasRoomForCredentialsAndTheLargestSettings(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"contentSecurityPolicy": {"gatehouse:contentSecurityPolicy": strings.Repeat("x", 1783)},
		"customHeaderValue":     {"gatehouse:customHeaderValue": strings.Repeat("x", 1783)},
		"CORS": {
			"gatehouse:edgeMethods":     `["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]`,
			"gatehouse:corsMethods":     `["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]`,
			"gatehouse:corsOrigins":     `["https://application-1.internal.example.com"` + manyOrigins(15) + `]`,
			"gatehouse:corsCredentials": "true",
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, err := withCredential(t, &Credential{Required: true, Tokens: true, Playground: true}, values)
			require.NoError(t, err)
			t.Logf("%d bytes", len(code))
			assert.LessOrEqual(t, len(code), largestFunction)
		})
	}
}

// manyOrigins returns further elements of a list of origins.
func manyOrigins(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, `,"https://application-%d.internal.example.com"`, i+2)
	}
	return all.String()
}
