package openai

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// A client is charged nothing by these errors: each must be certain.
func TestErrorsOfRequestsThatNoModelComputed(t *testing.T) {
	for _, test := range []struct {
		answer answer
		want   bool
	}{
		{answer{400, "Sesame"}, true},
		{answer{401, "Sesame"}, true},
		{answer{404, "Sesame"}, true},
		{answer{413, "Sesame"}, true},
		{answer{422, "Sesame"}, true},
		{answer{429, "Sesame"}, true},
		{answer{503, "Sesame"}, true},
		{answer{408, "Sesame"}, false},
		{answer{500, "Sesame"}, false},
		{answer{502, "Sesame"}, false},
		{answer{504, "Sesame"}, false},
		{answer{200, ""}, false},
		{answer{200, `{"error":{"message":"Zebra","code":429}}`}, false},
		{answer{200, completion[:20]}, false},
		{answer{200, "data: {\"error\":{\"message\":\"Zebra\",\"code\":503}}\n\n"}, false},
		{answer{200, "data: {\"choices\":[{\"delta\":{\"content\":\"Go\"}}]}\n\ndata: {\"error\":{\"code\":400}}\n\n"}, false},
		{answer{200, "data: {\"choices\":[{\"delta\":{\"content\":\"Go\"}}]}\n\n"}, false},
	} {
		for _, stream := range []bool{false, true} {
			_, err := before(t, &server{answers: []answer{test.answer}}).converse(t.Context(), hello, stream, func(chat.Delta) error { return nil })
			require.Error(t, err)
			assert.Equal(t, test.want, chat.IsNotComputed(err), "%d %s", test.answer.status, test.answer.body)
		}
	}
}

func TestNothingIsComputedWithoutAConnectionOrAKey(t *testing.T) {
	listening := httptest.NewServer(nil)
	provider := &Provider{HTTP: NewClient(""), BaseURL: listening.URL, sleep: func(context.Context, time.Duration) error { return nil }}
	listening.Close()
	_, err := provider.Complete(t.Context(), hello)
	assert.True(t, chat.IsNotComputed(err))

	provider = before(t, &server{answers: []answer{{200, completion}}})
	provider.Key = noKey{}
	_, err = provider.Complete(t.Context(), hello)
	assert.True(t, chat.IsNotComputed(err))
}

// noKey has no key that can be read.
type noKey struct{}

func (noKey) Get(context.Context, string) (string, error) { return "", assert.AnError }
