package api

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// guide returns the part of docs/api.md between two headings.
func guide(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile("../../../../docs/api.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(text), "\n## "+from+"\n")
	require.True(t, found, from)
	part, _, found := strings.Cut(after, "\n## "+to+"\n")
	require.True(t, found, to)
	return part
}

func TestGuideHasEveryMemberOfOpenAI(t *testing.T) {
	members := guide(t, "OpenAI's clients", "Errors")
	for name := range options {
		assert.Contains(t, members, "`"+name+"`")
	}
}

func TestGuideHasEveryCode(t *testing.T) {
	part := guide(t, "Errors", "Limits")
	for code, status := range map[string]int{
		codeUnauthenticated: http.StatusUnauthorized, codeNotFound: http.StatusNotFound, codeModelNotFound: http.StatusNotFound, codeMethod: http.StatusMethodNotAllowed,
		codeBodyTooLarge: http.StatusRequestEntityTooLarge, codeMediaType: http.StatusUnsupportedMediaType, codeMalformedBody: http.StatusBadRequest, codeInvalidBody: http.StatusUnprocessableEntity,
		codeStreaming: http.StatusUnprocessableEntity, codeRejected: http.StatusUnprocessableEntity, codeUnsupported: http.StatusUnprocessableEntity, codeTooLong: http.StatusBadRequest, codeAnswerTooLarge: http.StatusUnprocessableEntity,
		codeMalformedAnswer: http.StatusBadGateway, codeSchemaMismatch: http.StatusBadGateway, codeBusy: http.StatusTooManyRequests, codeModelFailed: http.StatusBadGateway,
		codeUnavailable: http.StatusServiceUnavailable, codeTimeout: http.StatusGatewayTimeout,
		codeMissingCredential: http.StatusUnauthorized, codeSeveralCredentials: http.StatusBadRequest, codeInvalidKey: http.StatusUnauthorized,
		codeSuspended: http.StatusForbidden, codeRateExceeded: http.StatusTooManyRequests, codeTooManyAtOnce: http.StatusTooManyRequests,
		codeBudgetInUse: http.StatusTooManyRequests, codeBudgetSpent: http.StatusTooManyRequests, codeClientsUnavailable: http.StatusServiceUnavailable,
		codeQuery: http.StatusBadRequest,
	} {
		assert.Contains(t, part, "\n| "+strconv.Itoa(status)+" | `"+code+"` |", http.StatusText(status))
	}
}
