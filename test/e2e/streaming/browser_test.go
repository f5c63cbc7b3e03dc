package streaming

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
	"github.com/gatehouse-iac/gatehouse/test/e2e/browser"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// pageOrigin is the origin that the local stack allows: see Pulumi.local.yaml.
const pageOrigin = "https://app.example.com"

//go:embed page.html
var page []byte

// report has the times at which the page got the tokens, and drew them. They are
// in milliseconds since the request.
type report struct {
	Status    int
	RequestID string
	Tokens    []float64
	Frames    []struct {
		At     float64
		Length int
	}
	Chunks int
	Done   bool
	Error  string
	Text   string
}

// anyKey is the key that the page sends to an API that is open.
const anyKey = "any"

// question is a request of the page to an address.
type question struct {
	url, model, message string
	key                 string // any text for an API that is open
}

// TestBrowser has a page in a browser stream an answer from another origin: the preflight
// passes, and the tokens are shown one by one as they come. The same page with the scripted
// model itself shows what the browser and the machine make of it.
func TestBrowser(t *testing.T) {
	const pace, count = 100, 30 // milliseconds, tokens
	s := attach(t)
	b := browser.Find(t, s.env.Checkout)
	message := says("Hello there", fmt.Sprintf("pace %dms", pace), fmt.Sprintf("tokens %d", count))
	model := httptest.NewServer(allowingOrigins(scriptedmodel.Handler(scriptedmodel.Options{})))
	t.Cleanup(model.Close)
	if _, err := s.viewer.WholeStream(within(t, time.Minute), s.ask("Hello")); err != nil { // starts the function
		t.Fatal(err)
	}

	direct := open(t, b, question{model.URL + "/v1/chat/completions", scriptedmodel.Model, message, anyKey})
	through := open(t, b, question{s.viewer.URL + "/chat/completions", s.model, message, cmp.Or(s.env.ClientKey.Reveal(), anyKey)})
	for name, r := range map[string]report{"the model itself": direct, "the stack": through} {
		if r.Error != "" || r.Status != http.StatusOK || !r.Done {
			t.Fatalf("%s: %+v", name, r)
		}
		t.Logf("%s: %d tokens in %d pieces, drawn in %d frames; the first after %.0f ms, the last after %.0f ms, gaps of %.0f ms, at most %.0f ms",
			name, len(r.Tokens), r.Chunks, len(r.Frames), r.Tokens[0], r.Tokens[len(r.Tokens)-1], r.gap(0.5), r.gap(1))
	}
	if through.Text != direct.Text || through.RequestID == "" {
		t.Errorf("%q with the id %q, the model itself %q", through.Text, through.RequestID, direct.Text)
	}
	const whole = pace * count
	switch first, last := through.Tokens[0], through.Tokens[len(through.Tokens)-1]; {
	case last-first < whole*3/4:
		t.Errorf("the first token after %.0f ms, the last one after %.0f ms: they don't come one by one", first, last)
	case first > whole/3:
		t.Errorf("the first token came after %.0f ms", first)
	}
	if usual := through.gap(0.5); usual < pace/2 || usual > pace*2 {
		t.Errorf("the usual gap is %.0f ms, want %d", usual, pace)
	}
	if longest := through.gap(1); longest > pace*3+direct.gap(1) {
		t.Errorf("the longest gap is %.0f ms", longest)
	}
	if len(through.Frames) < len(through.Tokens)/2 {
		t.Errorf("%d tokens were drawn in %d frames", len(through.Tokens), len(through.Frames))
	}
}

// gap returns the gap between two tokens that this share of them does not exceed.
func (r report) gap(share float64) float64 {
	var gaps []float64
	for i := 1; i < len(r.Tokens); i++ {
		gaps = append(gaps, r.Tokens[i]-r.Tokens[i-1])
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[min(len(gaps)-1, int(share*float64(len(gaps))))]
}

// allowingOrigins lets pages of every origin use a server.
func allowingOrigins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "authorization, content-type")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// open opens the page in a browser, which asks the question, and returns its report.
func open(t *testing.T, b browser.Browser, q question) report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	reports := make(chan report, 1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/key" {
			_, _ = io.WriteString(w, q.key)
			return
		}
		if r.Method == http.MethodPost {
			var one report
			if err := json.NewDecoder(r.Body).Decode(&one); err != nil {
				one.Error = err.Error()
			}
			reports <- one
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	}))
	defer server.Close()
	address := pageOrigin + "/?" + url.Values{"url": {q.url}, "model": {q.model}, "message": {q.message}}.Encode()
	ended := make(chan error, 1)
	running, end := context.WithCancel(ctx)
	go func() { ended <- command(b, t.TempDir(), server.Listener.Addr(), address).Run(running) }()
	defer func() { end(); <-ended }()
	select {
	case r := <-reports:
		return r
	case err := <-ended:
		ended <- err
		t.Fatalf("the browser ended: %v", err)
	case <-ctx.Done():
		t.Fatalf("the page did not report: %v\n%s", context.Cause(ctx), process.Tail(b.Log, 25))
	}
	return report{}
}

// command runs the browser with the page, whose origin's name leads to its server. It finds
// no other names.
func command(b browser.Browser, profile string, server net.Addr, address string) process.Command {
	origin := strings.TrimPrefix(pageOrigin, "https://")
	return b.Command(profile, "--remote-debugging-port=0", "--ignore-certificate-errors",
		fmt.Sprintf("--host-resolver-rules=MAP %s:443 %s,MAP * ~NOTFOUND,EXCLUDE 127.0.0.1", origin, server), address)
}

// TestPage tests the page with the scripted model alone.
func TestPage(t *testing.T) {
	l := e2etest.Checkout(t)
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	b := browser.Find(t, l)
	model := httptest.NewServer(allowingOrigins(scriptedmodel.Handler(scriptedmodel.Options{Pace: 50 * time.Millisecond})))
	t.Cleanup(model.Close)
	r := open(t, b, question{model.URL + "/v1/chat/completions", scriptedmodel.Model, "one two three four five six", anyKey})
	if r.Error != "" || !r.Done || r.Text != "one two three four five six" || len(r.Tokens) != 6 || len(r.Frames) < 3 {
		t.Errorf("%+v", r)
	}
	if last := r.Tokens[len(r.Tokens)-1]; last < 250 {
		t.Errorf("six tokens of 50 ms each in %.0f ms", last)
	}
	if r := open(t, b, question{"http://127.0.0.1:1/", scriptedmodel.Model, "Hello", anyKey}); r.Error == "" {
		t.Errorf("without a server: %+v", r)
	}
}
