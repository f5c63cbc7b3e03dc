package api

import (
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkInvoke measures the handler without the model: from the event's bytes to the
// response's, log and metrics included.
func BenchmarkInvoke(b *testing.B) {
	long := `{"messages":[{"role":"user","content":"` + strings.Repeat("All work and no play makes Jack a dull boy. ", 1400) + `"}]}`
	for _, test := range []struct {
		name  string
		event event
	}{
		{"models", post(hello)},
		{"completions", postChat(helloChat)},
		{"models, 62 kB", post(long)},
		{"refused", post(`{"messages":[{"role":"me"}],"max_tokens":-1}`)},
		{"healthz", request("GET", "/api/healthz", "")},
	} {
		b.Run(test.name, func(b *testing.B) {
			s := newSetup()
			s.Metrics, s.Log = io.Discard, slog.New(slog.NewJSONHandler(io.Discard, nil))
			payload, err := json.Marshal(test.event)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				s.fake.calls = s.fake.calls[:0]
				if _, err := s.Invoke(b.Context(), payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
