package playground

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/browser"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// suite is the running stack.
type suite struct {
	env *env.Environment
	url string // of the API through CloudFront, with its prefix
}

func attach(t *testing.T) suite {
	t.Helper()
	e := e2etest.Attach(t)
	return suite{env: e, url: e.DistributionURL() + e.Outputs["apiPrefix"]}
}

// needsClients skips the test if the API is open.
func (s suite) needsClients(t *testing.T) {
	t.Helper()
	if s.env.ClientKey.IsZero() {
		t.Skip("the API is open: it has no keys")
	}
}

// newClient makes a client with these limits, and returns its key.
func (s suite) newClient(t *testing.T, name string, limits map[string]string) credential.Key {
	t.Helper()
	admin := localclient.Admin(s.env.Servers.Cloud.Endpoint(), s.env.Outputs[env.ClientsTableOutput])
	change, err := clientadmin.ParseChange(name, limits, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Create(t.Context(), name, change); err != nil {
		t.Fatal(err)
	}
	e2etest.Cleanup(t, "delete client "+name, func(ctx context.Context) error {
		_, err := admin.Delete(ctx, name, true)
		return err
	})
	key := newKey()
	if _, err := admin.AddKey(t.Context(), name, key.Digest(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	return key
}

func newKey() credential.Key {
	var random [credential.RandomSize]byte
	_, _ = rand.Read(random[:])
	return credential.New(random)
}

// pageTimeout is the longest that a test may use a page.
const pageTimeout = 2 * time.Minute

// open opens the page of an API in a browser. When the test ends, the console must have
// nothing of it: no violation of its policy, and no exception.
func (s suite) open(t *testing.T, api string) page {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), pageTimeout, fmt.Errorf("not done after %s", pageTimeout))
	p := page{browser.Find(t, s.env.Checkout).New(t), t, ctx}
	t.Cleanup(func() {
		cancel()
		if problems := p.Problems(); len(problems) > 0 {
			t.Errorf("the console has %q", problems)
		}
	})
	p.check(p.Go(ctx, api+"/playground"))
	return p
}

func (p page) check(err error) {
	p.t.Helper()
	if err != nil {
		var text string
		_ = p.Eval(context.WithoutCancel(p.ctx), "document.body.innerText", &text)
		p.t.Fatalf("%v; the page has %.2000q", err, text)
	}
}

func (p page) await(expression string) {
	p.t.Helper()
	p.check(p.Await(p.ctx, expression))
}

func (p page) text(selector string) string {
	p.t.Helper()
	text, err := p.Text(p.ctx, selector)
	p.check(err)
	return text
}

func (p page) press(key string) {
	p.t.Helper()
	p.check(p.Press(p.ctx, key, false))
}

// tryKey enters a key in place of what is in its field.
func (p page) tryKey(key string) {
	p.t.Helper()
	p.check(p.Eval(p.ctx, `document.getElementById("key").value = ""`, nil))
	p.check(p.Type(p.ctx, "#key", key))
	p.press("Enter")
}

// connect enters a key, and waits until the page has the models.
func (p page) connect(key string) {
	p.t.Helper()
	p.tryKey(key)
	p.await(`!document.getElementById("question").disabled || document.getElementById("error").textContent !== ""`)
	if problem := p.text("#error"); problem != "" {
		p.t.Fatalf("the page does not connect: %s", problem)
	}
}

// ask writes a message, and sends it.
func (p page) ask(message string) {
	p.t.Helper()
	p.check(p.Type(p.ctx, "#question", message))
	p.press("Enter")
}

// awaitAnswers waits until there are so many answers, and none is under way.
func (p page) awaitAnswers(count int) {
	p.t.Helper()
	p.await(fmt.Sprintf(`document.querySelectorAll("#turns li:not(.own):not(.pending)").length === %d && document.getElementById("stop").disabled`, count))
}

// answer is an answer on the page, and what is below it.
type answer struct{ Text, Note string }

func (p page) answers() (all []answer) {
	p.t.Helper()
	p.check(p.Eval(p.ctx, `[...document.querySelectorAll("#turns li:not(.own)")].map((item) => ({
		Text: item.querySelector(".text").textContent,
		Note: [...item.querySelectorAll(".note")].map((note) => note.textContent).join("\n"),
	}))`, &all))
	return all
}

// refuteKey verifies that the key is in no field, address or storage.
func (p page) refuteKey(key string) {
	p.t.Helper()
	var all string
	p.check(p.Eval(p.ctx, `JSON.stringify([document.documentElement.outerHTML, [...document.querySelectorAll("input, textarea")].map((field) => field.value),
		location.href, {...localStorage}, {...sessionStorage}, document.cookie, history.state, window.name])`, &all))
	if strings.Contains(all, key) {
		p.t.Error("the page has the key where others can read it")
	}
}

var tokensPattern = regexp.MustCompile(`(\d+) tokens in`)

func tokensIn(t *testing.T, note string) int {
	t.Helper()
	found := tokensPattern.FindStringSubmatch(note)
	if found == nil {
		t.Fatalf("no tokens in %q", note)
	}
	count, _ := strconv.Atoi(found[1])
	return count
}

// cutAfter is the number of bytes of a stream that a cutting proxy passes on.
const cutAfter = 3000

// cutting returns a proxy of a server, which ends streams early or breaks their connections.
func cutting(server string, breaks bool) http.Handler {
	target, err := url.Parse(server)
	if err != nil {
		panic(err)
	}
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ModifyResponse: func(r *http.Response) error {
			if strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream") {
				r.Body = &cut{ReadCloser: r.Body, left: cutAfter, breaks: breaks}
				r.Header.Del("Content-Length")
			}
			return nil
		},
	}
}

// cut is a body that ends early.
type cut struct {
	io.ReadCloser
	left   int
	breaks bool
}

func (c *cut) Read(p []byte) (int, error) {
	switch {
	case c.left > 0:
		n, err := c.ReadCloser.Read(p[:min(len(p), c.left)])
		c.left -= n
		return n, err
	case c.breaks:
		return 0, io.ErrUnexpectedEOF
	}
	return 0, io.EOF
}
