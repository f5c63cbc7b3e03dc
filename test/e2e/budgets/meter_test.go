package budgets

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
)

// meter is a model's server that counts what each client uses. Messages name the client that
// sends them. A request counts as a whole, also if its connection is cut: a model bills what
// it has computed.
type meter struct {
	model http.Handler

	mu   sync.Mutex
	used map[string]price.Usage // by client
	n    map[string]int         // requests
}

func startMeter(t *testing.T) (*meter, string) {
	t.Helper()
	m := &meter{
		model: scriptedmodel.Handler(scriptedmodel.Options{}),
		used:  map[string]price.Usage{}, n: map[string]int{},
	}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	return m, server.URL + "/v1"
}

// sender is the part of a message that names the client.
var sender = regexp.MustCompile(`client-[0-9]+`)

func (m *meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	copied := &tee{ResponseWriter: w}
	m.model.ServeHTTP(copied, r.WithContext(context.WithoutCancel(r.Context())))
	used, found := usageOf(copied.content.String())
	if !found {
		return
	}
	client := string(sender.Find(body))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n[client]++
	sum := m.used[client]
	sum.Input += used.Input
	sum.Output += used.Output
	m.used[client] = sum
}

// of returns what a client has used, and with how many requests.
func (m *meter) of(client string) (price.Usage, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used[client], m.n[client]
}

// tee copies a response. It goes on when its reader has gone.
type tee struct {
	http.ResponseWriter
	content bytes.Buffer
}

func (t *tee) Write(p []byte) (int, error) {
	t.content.Write(p)
	_, _ = t.ResponseWriter.Write(p)
	return len(p), nil
}

// Unwrap returns the writer, for http.ResponseController.
func (t *tee) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Flush implements [http.Flusher].
func (t *tee) Flush() { _ = http.NewResponseController(t.ResponseWriter).Flush() }

// usageOf returns the usage in a response, which may be a stream.
func usageOf(content string) (price.Usage, bool) {
	for line := range strings.Lines(content) {
		var body struct {
			Usage *struct {
				Prompt     int `json:"prompt_tokens"`
				Completion int `json:"completion_tokens"`
			}
		}
		if json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &body) == nil && body.Usage != nil {
			return price.Usage{Input: body.Usage.Prompt, Output: body.Usage.Completion}, true
		}
	}
	return price.Usage{}, false
}

func TestTheMeterCountsEachClient(t *testing.T) {
	m, url := startMeter(t)
	for _, body := range []string{
		`{"model":"echo","messages":[{"role":"user","content":"client-1 says hello"}]}`,
		`{"model":"echo","messages":[{"role":"user","content":"client-1 says hello"}],"stream":true,"stream_options":{"include_usage":true}}`,
		`{"model":"echo","messages":[{"role":"user","content":"client-2 [[tokens 7]]"}]}`,
		`{"model":"echo","messages":[{"role":"user","content":"client-3 [[status 429]]"}]}`,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/chat/completions", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, got.Body)
		got.Body.Close()
	}
	one, requests := m.of("client-1")
	if requests != 2 || one.Input == 0 || one.Output == 0 || one.Input%2 != 0 {
		t.Errorf("client-1: %+v in %d requests", one, requests)
	}
	if two, requests := m.of("client-2"); requests != 1 || two.Output != 7 {
		t.Errorf("client-2: %+v in %d requests", two, requests)
	}
	if three, requests := m.of("client-3"); requests != 0 || three.Total() != 0 {
		t.Errorf("client-3: %+v in %d requests", three, requests)
	}
}
