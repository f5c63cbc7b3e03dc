package playground

import (
	"cmp"
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/test/e2e/browser"
)

var screenshot = flag.String("screenshot", "", "the file for the screenshot; .local/playground.png by default")

// strictPolicy is the content security policy of all responses but the page.
const strictPolicy = "default-src 'none'; frame-ancestors 'none'"

// TestHeaders requests the page without a browser. Only the page itself has a policy that
// allows a script.
func TestHeaders(t *testing.T) {
	s := attach(t)
	for _, path := range []string{"/playground", "/v1/playground"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := send(t, method, s.url+path)
			if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "text/html; charset=utf-8" || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d %v", method, path, got.StatusCode, got.Header)
			}
			policies := got.Header.Values("Content-Security-Policy")
			if len(policies) != 1 || !strings.Contains(policies[0], "script-src 'sha256-") || strings.Contains(policies[0], "unsafe") {
				t.Errorf("%s %s has the policies %q", method, path, policies)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
				if got.Header.Get(name) != want {
					t.Errorf("%s %s: %s is %q", method, path, name, got.Header.Get(name))
				}
			}
		}
	}
	for method, path := range map[string]string{http.MethodPost: "/playground", http.MethodGet: "/openapi.yaml", http.MethodHead: "/playground/"} {
		if got := send(t, method, s.url+path); got.Header.Get("Content-Security-Policy") != strictPolicy {
			t.Errorf("%s %s: %d with the policy %q", method, path, got.StatusCode, got.Header.Get("Content-Security-Policy"))
		}
	}
}

func send(t *testing.T, method, url string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, got.Body)
	got.Body.Close()
	return got
}

// TestConversation has two turns, the second of which has the first one in its request: the
// model counts more tokens.
func TestConversation(t *testing.T) {
	s := attach(t)
	p := s.open(t, s.url)
	p.connect(s.env.ClientKey.Reveal())
	p.ask("What is a gatehouse?")
	p.awaitAnswers(1)
	p.ask("And who kept its key?")
	p.awaitAnswers(2)
	answers := p.answers()
	for i, a := range answers {
		if a.Text == "" || !strings.Contains(a.Note, "first token after") || !strings.Contains(a.Note, "tokens in") || p.text("#error") != "" {
			t.Errorf("answer %d: %+v, error %q", i, a, p.text("#error"))
		}
	}
	if announced := p.text("#announcement"); announced != answers[1].Text {
		t.Errorf("announced %q, want the second answer, %q", announced, answers[1].Text)
	}
	first, second := tokensIn(t, answers[0].Note), tokensIn(t, answers[1].Note)
	if second <= first {
		t.Errorf("%d tokens in, then %d: the second request has no history", first, second)
	}
	if !s.env.ClientKey.IsZero() {
		p.await(`document.getElementById("budget").innerText.includes(" left of ")`)
		p.refuteKey(s.env.ClientKey.Reveal())
	}
	p.write(cmp.Or(*screenshot, s.env.Checkout.Local("playground.png")))
}

// TestKeys uses no key, one that is none, and one that the table doesn't know.
func TestKeys(t *testing.T) {
	s := attach(t)
	s.needsClients(t)
	p := s.open(t, s.url)
	for key, code := range map[string]string{"": "missing_credential", "sk-proj-abc": "invalid_api_key", newKey().Reveal(): "invalid_api_key"} {
		p.tryKey(key)
		p.await(`document.getElementById("error").innerText.includes("` + code + `")`)
		p.await(`document.getElementById("send").disabled && document.activeElement.id === "key"`)
	}
}

// TestSpentBudget asks for a client whose budget no answer fits in. The question stays.
func TestSpentBudget(t *testing.T) {
	s := attach(t)
	s.needsClients(t)
	key := s.newClient(t, "playground-spent", map[string]string{clientadmin.BudgetFlag: "0.000001usd/month"})
	p := s.open(t, s.url)
	p.connect(key.Reveal())
	p.ask("What is a gatehouse?")
	p.await(`document.getElementById("error").innerText.includes("insufficient_quota")`)
	if text := p.text("#error"); !strings.Contains(text, "Too Many Requests") || !strings.Contains(text, "Try again in") {
		t.Errorf("the error is %q", text)
	}
	p.await(`document.getElementById("question").value === "What is a gatehouse?"`)
	p.await(`document.getElementById("budget").innerText.includes("$0.000001 left of $0.000001 this month")`)
	if n := len(p.answers()); n != 0 {
		t.Errorf("%d answers", n)
	}
}

// TestBrokenStreams has the model fail within a stream, and then streams end that have no end,
// between the page and the distribution.
func TestBrokenStreams(t *testing.T) {
	s := attach(t)
	p := s.open(t, s.url)
	p.connect(s.env.ClientKey.Reveal())
	p.ask("Count. [[tokens 20]] [[fail after 5]]")
	p.awaitAnswers(1)
	if a := p.answers()[0]; a.Text == "" || !strings.Contains(a.Note, "The answer failed: ") || !strings.Contains(p.text("#error"), "The answer failed: ") {
		t.Errorf("%+v, error %q", a, p.text("#error"))
	}

	for how, want := range map[string]string{"ended": "the stream ended without [DONE]", "broken": "the connection broke"} {
		t.Run(how, func(t *testing.T) {
			proxy := httptest.NewServer(cutting(s.env.DistributionURL(), how == "broken"))
			t.Cleanup(proxy.Close)
			p := s.open(t, proxy.URL+s.env.Outputs["apiPrefix"])
			p.connect(s.env.ClientKey.Reveal())
			p.ask("Count. [[pace 20ms]] [[tokens 200]]")
			p.awaitAnswers(1)
			if a := p.answers()[0]; a.Text == "" || !strings.Contains(a.Note, "The answer is cut: "+want) {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestStop leaves an answer with Escape. The model does not finish it, and the conversation
// goes on.
func TestStop(t *testing.T) {
	s := attach(t)
	p := s.open(t, s.url)
	p.connect(s.env.ClientKey.Reveal())
	p.ask("Count. [[pace 100ms]] [[tokens 200]]")
	p.await(`document.querySelector("#turns li:last-child .text")?.innerText.length > 3`)
	p.press("Escape")
	p.awaitAnswers(1)
	a := p.answers()[0]
	if !strings.Contains(a.Note, "Stopped.") || strings.Contains(a.Text, "200") || p.text("#error") != "" {
		t.Errorf("%+v, error %q", a, p.text("#error"))
	}
	p.ask("What is a gatehouse?")
	p.awaitAnswers(2)
	if a := p.answers()[1]; a.Text == "" || strings.Contains(a.Note, "Stopped.") {
		t.Errorf("%+v", a)
	}
}

// page is the page in a browser, and the test that it is for.
type page struct {
	*browser.Page
	t   *testing.T
	ctx context.Context
}

// write writes a screenshot.
func (p page) write(path string) {
	p.t.Helper()
	shot, err := p.Screenshot(p.ctx)
	if err == nil {
		err = os.WriteFile(path, shot, 0o644)
	}
	p.check(err)
	p.t.Logf("%s: %d bytes", path, len(shot))
}
