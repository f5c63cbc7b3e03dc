package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/secret"
)

const canary = "canary-4f8d1c"

func TestTextPrintsRedacted(t *testing.T) {
	text := secret.New(canary)
	type holder struct {
		Exported   secret.Text
		unexported secret.Text
	}
	all := holder{text, text}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t", "%p"} {
		for _, value := range []any{text, &text, all, &all, []any{text}, map[string]secret.Text{"a": text}} {
			assert.NotContains(t, fmt.Sprintf(verb, value), canary, verb)
			assert.NotContains(t, fmt.Sprintf(verb, value), fmt.Sprintf("%x", canary), verb)
		}
	}
	encoded, err := json.Marshal(all)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Exported": "[redacted]"}`, string(encoded))
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("text", "text", text, "all", all)
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "text", text, "all", all)
	assert.NotContains(t, out.String(), canary)
	assert.Equal(t, canary, text.Reveal())
}

func TestTextIsNotReadFromJSON(t *testing.T) {
	var text secret.Text
	require.Error(t, json.Unmarshal([]byte(`"`+canary+`"`), &text))
	assert.True(t, text.IsZero())
	assert.True(t, secret.New("").IsZero())
	assert.Empty(t, secret.Text{}.Reveal())
}
