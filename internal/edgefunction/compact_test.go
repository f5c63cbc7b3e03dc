package edgefunction

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	source "github.com/gatehouse-iac/gatehouse/lambda/edge"
)

func TestCompactCode(t *testing.T) {
	for _, c := range []struct{ given, want string }{
		{marker + "\nconst LIMITS = { one: 1, LIMITS: 2, };\n", "const settings = 1;\nconst A=settings;const B={one:1,LIMITS:2,};"},
		{
			marker + "\nfunction first(x) {\n  return x;\n}\n\nfunction handler(x) {\n  return first(x) + x.first;\n}",
			"const settings = 1;\nconst A=settings;\nfunction B(x){return x}\nfunction handler(x){return B(x)+x.first}",
		},
		{
			marker + "\n  let x = 'a = \\' b;';\n  return typeof\n  x;",
			"const settings = 1;\nconst A=settings;let x='a = \\' b;';return typeof\nx;",
		},
		{marker + "\n  return [\n    settings,\n  ];\n", "const settings = 1;\nconst A=settings;return[A];"},
		{marker + "\n  x = a + +b - -c;\n", "const settings = 1;\nconst A=settings;x=a+ +b- -c;"},
		{marker + "\nconst list = [];\n  x = y ? list : { list: list };\n", "const settings = 1;\nconst A=settings;const B=[];x=y?B:{list:B};"},
	} {
		code, err := RenderCompact(c.given, 1)
		require.NoError(t, err)
		assert.Equal(t, c.want, code)
	}
	_, err := RenderCompact("", 1)
	require.ErrorContains(t, err, "must have it once")
}

// Strings in the settings look like code.
func TestSettingsStayAsTheyAre(t *testing.T) {
	code, err := RenderCompact(marker+"\nfunction first() {\n}\n", []string{"first ( ) ; }", `"first" : 'x' `})
	require.NoError(t, err)
	assert.Equal(t, "const settings = [\"first ( ) ; }\",\"\\\"first\\\" : 'x' \"];\nconst A=settings;\nfunction B(){}", code)
}

func TestCodeIsWhatTheTestsOfTheFunctionRun(t *testing.T) {
	s, err := config.Load(map[string]string{"gatehouse:corsOrigins": `["https://*.example.com"]`})
	require.NoError(t, err)
	settings := newViewerSettings(&ViewerArgs{Edge: s.Edge, CORS: s.CORS, ResponseHeaders: s.ResponseHeaders, Prefix: "/api"})
	encoded, err := json.Marshal(settings)
	require.NoError(t, err)
	for file, text := range map[string]string{"viewer-request.js": source.ViewerRequest, "viewer-response.js": source.ViewerResponse} {
		code, err := RenderCompact(text, settings)
		require.NoError(t, err)
		output, err := exec.Command("node", "testdata/compact.mjs", file, string(encoded)).Output()
		require.NoError(t, err)
		assert.Equal(t, string(output), code)
	}
}
