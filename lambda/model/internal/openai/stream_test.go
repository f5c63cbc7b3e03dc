package openai

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

func TestStreamsFromAServer(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       []chat.Choice
	}{
		{"a stream", stream, streamed().Choices},
		{"a server that ignores stream", completion, []chat.Choice{{Text: "Good day.", StopReason: chat.MaxTokens}}},
	} {
		s := &server{answers: []answer{{429, ""}, {503, ""}, {200, test.body}}}
		var pieces []chat.Delta
		got, err := before(t, s).Stream(t.Context(), hello, func(d chat.Delta) error {
			pieces = append(pieces, d)
			return nil
		})
		require.NoError(t, err, test.name)
		assert.Equal(t, test.want, got.Choices)
		assert.Equal(t, test.want, assemble(pieces))
		assert.Equal(t, 7, got.Usage.TotalTokens)
		assert.Len(t, s.requests, 3)
		assert.Contains(t, s.bodies[0], `"stream":true,"stream_options":{"include_usage":true}`)
	}
}

func TestCompleteAcceptsAStream(t *testing.T) {
	got, err := before(t, &server{answers: []answer{{200, stream}}}).Complete(t.Context(), hello)
	require.NoError(t, err)
	assert.Equal(t, streamed(), got)
}

// stalling sends a piece, and then nothing until the client is gone, or nothing more at
// all.
type stalling struct{ breaks bool }

func (s stalling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // else the server doesn't notice that the client is gone
	_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n")
	_ = http.NewResponseController(w).Flush()
	if s.breaks {
		panic(http.ErrAbortHandler)
	}
	<-r.Context().Done()
}

func TestStreamEndsWithTheDeadline(t *testing.T) {
	listening := httptest.NewServer(stalling{})
	t.Cleanup(listening.Close)
	p := &Provider{HTTP: NewClient(""), BaseURL: listening.URL}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	pieces := 0
	_, err := p.Stream(ctx, hello, func(chat.Delta) error { pieces++; return nil })
	require.ErrorIs(t, err, chat.ErrTimeout)
	assert.Equal(t, 1, pieces, "pieces are passed as they come")
}

func TestBrokenConnectionIsNoReply(t *testing.T) {
	listening := httptest.NewServer(stalling{breaks: true})
	t.Cleanup(listening.Close)
	p := &Provider{HTTP: NewClient(""), BaseURL: listening.URL}
	_, err := p.Stream(t.Context(), hello, func(chat.Delta) error { return nil })
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
