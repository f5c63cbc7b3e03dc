package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
)

const (
	loadProblem = `{"type":"about:blank","status":429,"code":"too_many_at_once"}`
	loadToken   = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}` + "\n\n"
	loadStop    = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	loadDone    = "data: [DONE]\n\n"
)

// loadedBy returns a target that responds with this.
func loadedBy(t *testing.T, status int, retryAfter, body string) Loaded {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return Loaded{Viewer: chatstream.Target{URL: server.URL, Client: server.Client()}, Model: "m", Memory: func() int64 { return 1 << 20 }}
}

func TestHowARequestUnderLoadEnds(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		retryAfter string
		body       string
		want       outcome
	}{
		"whole":                          {200, "", loadToken + loadStop + loadDone, answered},
		"cut":                            {200, "", loadToken, failed},
		"cut by an error":                {200, "", loadToken + `data: {"error":{"message":"x","type":"server_error","param":null,"code":"model_timeout"}}` + "\n\n", failed},
		"429":                            {429, "2", loadProblem, refused},
		"503":                            {503, "1", loadProblem, refused},
		"429 without a time":             {429, "", loadProblem, failed},
		"429 without a problem":          {429, "2", `{"message":"Too Many Requests"}`, failed},
		"500":                            {500, "1", loadProblem, failed},
		"a gateway's page with a time":   {503, "1", "<html>", failed},
		"401, which no retry can change": {401, "1", loadProblem, failed},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := loadedBy(t, test.status, test.retryAfter, test.body).ask(t.Context())
			assert.Equal(t, test.want, got, "%v", err)
			assert.Equal(t, test.want == failed, err != nil, "a failure has its reason: %v", err)
		})
	}
	gone := loadedBy(t, 200, "", "")
	gone.Viewer.URL = "http://127.0.0.1:1"
	got, err := gone.ask(t.Context())
	assert.Equal(t, failed, got)
	assert.Error(t, err)
}

func TestALevelSendsAllAtOnce(t *testing.T) {
	l := loadedBy(t, 200, "", loadToken+loadStop+loadDone)
	got := l.level(t.Context(), 3, 50*time.Millisecond)
	assert.GreaterOrEqual(t, len(got.answered), 3)
	assert.Empty(t, got.failures)
	assert.EqualValues(t, 1<<20, got.memory)

	ended, end := context.WithCancel(t.Context())
	end()
	assert.Empty(t, l.level(ended, 3, time.Minute).answered, "an interrupted measurement ends")
}

// leveled returns a level with so many whole answers and refusals.
func leveled(atOnce, answers, refusals int) level {
	l := level{atOnce: atOnce, memory: 100 << 20}
	for range answers {
		l.answered = append(l.answered, 80)
	}
	for range refusals {
		l.refused = append(l.refused, 9)
	}
	return l
}

func TestKnee(t *testing.T) {
	for name, test := range map[string]struct {
		answers []int
		want    int
	}{
		"in the middle":     {[]int{100, 200, 390, 400, 410}, 2},
		"it falls":          {[]int{100, 200, 150}, 1},
		"at once":           {[]int{100, 101}, 0},
		"not reached":       {[]int{100, 200, 400}, 2},
		"a tenth is growth": {[]int{100, 110, 115}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var levels []level
			for i, answers := range test.answers {
				levels = append(levels, leveled(1<<i, answers, 0))
			}
			assert.Equal(t, test.want, knee(levels))
		})
	}
}

func TestLoadRows(t *testing.T) {
	levels := []level{leveled(32, 1000, 0), leveled(64, 1040, 960), leveled(128, 900, 1100)}
	levels[0].memory = 50 << 20
	levels[2].memory = 120 << 20
	compareFigures(t, loadRows(levels), `streams at once, up to which the rate grows; 32; ; 
whole answers a second there; 100; ; 
the same with 128 at once; 90; ; 
refused beyond it, with Retry-After; 51.5 %; ; 
a refusal, p99; 9 ms; ; 
a whole answer beyond it, p99; 80 ms; ; 
neither answered whole nor refused, at any level; 0; ; ≤ 0, met
memory at the end; 120 MiB; 100 MiB (after the same load before); ≤ 1.1×, MISSED`)

	levels[0].failures = []error{context.DeadlineExceeded}
	rows := loadRows(levels[:1])
	require.Len(t, rows, 5, "nothing is known of what is beyond")
	assert.False(t, rows[3].Met(), "a failure below the knee counts too")
}
