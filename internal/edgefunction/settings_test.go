package edgefunction

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	source "github.com/gatehouse-iac/gatehouse/lambda/edge"
)

func TestSettingsReplaceTheMarker(t *testing.T) {
	code, err := Render("first\n"+marker+"\nlast\n", map[string]any{"name": "x-origin-key", "limit": 5})
	require.NoError(t, err)
	assert.Equal(t, "first\nconst settings = {\"limit\":5,\"name\":\"x-origin-key\"};\nlast\n", code)
}

func TestCommentsAndIndentationAreLeftOut(t *testing.T) {
	code, err := Render("// all\n"+marker+"\n\n  // indented\n \n\tif (x) {\n  use('https://x'); // stays\n}", 1)
	require.NoError(t, err)
	assert.Equal(t, "const settings = 1;\nif (x) {\nuse('https://x'); // stays\n}", code)
}

func TestNoStringOfASourceSpansSeveralLines(t *testing.T) {
	for _, text := range []string{source.ViewerRequest, source.ViewerResponse, source.OriginRequest} {
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(strings.TrimSpace(line), "//") {
				assert.Zero(t, strings.Count(line, "`")%2, "its indentation would go: %s", line)
			}
		}
	}
}

func TestStringsAreEscaped(t *testing.T) {
	code, err := Render(marker, []string{"'\"`${x}\\", "</script>\u2028", "$& $1"})
	require.NoError(t, err)
	assert.Equal(t, `const settings = ["'\"`+"`"+`${x}\\","\u003c/script\u003e\u2028","$\u0026 $1"];`, code)
}

func TestSourceWithoutItsMarkerIsRejected(t *testing.T) {
	for _, text := range []string{"", "const settings = {};", marker + "\n" + marker} {
		_, err := Render(text, nil)
		require.ErrorContains(t, err, "must have it once")
	}
}

func TestSettingsThatCantBeEncodedAreRejected(t *testing.T) {
	_, err := Render(marker, func() {})
	require.ErrorContains(t, err, "encode the function's settings")
}

func TestEverySourceHasItsMarker(t *testing.T) {
	for _, text := range []string{source.ViewerRequest, source.ViewerResponse, source.OriginRequest} {
		code, err := Render(text, map[string]string{})
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(code, "const settings = "))
	}
}
