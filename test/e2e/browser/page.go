package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// Page is a page in a browser of its own, which ends with the test.
type Page struct {
	browser    Browser
	connection *connection
	session    string

	mu       sync.Mutex
	problems []string
}

// The size of pages, in pixels.
const (
	width  = 1000
	height = 860
)

// New starts the browser with an empty page. The browser ends when the pipes to it close, so
// that it doesn't outlive a test that is killed.
func (b Browser) New(t testing.TB) *Page {
	t.Helper()
	p, err := b.start(t)
	if err != nil {
		t.Fatalf("start the browser: %v\n%s", err, process.Tail(b.Log, 25))
	}
	return p
}

func (b Browser) start(t testing.TB) (*Page, error) {
	toBrowser, commands, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	replies, fromBrowser, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(b.Log)
	if err != nil {
		return nil, err
	}
	args := b.Command(t.TempDir(), "--remote-debugging-pipe", "about:blank").Args
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = b.environ, log, log
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser}
	err = cmd.Start()
	_ = errors.Join(toBrowser.Close(), fromBrowser.Close(), log.Close())
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		commands.Close()
		ended := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		ended.Stop()
		replies.Close()
	})
	p := &Page{browser: b}
	p.connection = connect(commands, replies, p.note)
	return p, p.attach(t.Context())
}

// attach makes a page, and has its errors reported.
func (p *Page) attach(ctx context.Context) error {
	var target struct{ TargetID string }
	if err := p.connection.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var attached struct{ SessionID string }
	if err := p.connection.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return err
	}
	p.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		if err := p.call(ctx, domain+".enable", map[string]any{}, nil); err != nil {
			return err
		}
	}
	return p.call(ctx, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

func (p *Page) call(ctx context.Context, method string, params map[string]any, result any) error {
	return p.connection.call(ctx, p.session, method, params, result)
}

// note keeps what the console has of the page: violations of its policy, exceptions, and what
// it logged as an error. Responses with an error status are the test's affair.
func (p *Page) note(method string, params json.RawMessage) {
	var event struct {
		Type  string
		Entry struct{ Source, Level, Text string }
		Args  []struct {
			Value       any
			Description string
		}
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	if json.Unmarshal(params, &event) != nil {
		return
	}
	var problem string
	switch {
	case method == "Log.entryAdded" && event.Entry.Source != "network":
		problem = event.Entry.Source + ": " + event.Entry.Text
	case method == "Runtime.exceptionThrown":
		problem = event.ExceptionDetails.Text + " " + event.ExceptionDetails.Exception.Description
	case method == "Runtime.consoleAPICalled" && (event.Type == "error" || event.Type == "warning"):
		problem = fmt.Sprint(event.Args)
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, problem)
}

// Problems returns the problems that the console has, but for responses with an error status.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Go loads an address.
func (p *Page) Go(ctx context.Context, address string) error {
	var loaded struct{ ErrorText string }
	if err := p.call(ctx, "Page.navigate", map[string]any{"url": address}, &loaded); err != nil {
		return err
	}
	if loaded.ErrorText != "" {
		return fmt.Errorf("load %s: %s", address, loaded.ErrorText)
	}
	return p.Await(ctx, `document.readyState === "complete" && location.href !== "about:blank"`)
}

// Eval evaluates an expression of JavaScript in the page, and decodes its value into result
// unless that is nil.
func (p *Page) Eval(ctx context.Context, expression string, result any) error {
	var evaluated struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	err := p.call(ctx, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &evaluated)
	switch {
	case err != nil:
		return err
	case evaluated.ExceptionDetails != nil:
		return fmt.Errorf("%s: %s", expression, evaluated.ExceptionDetails.Exception.Description)
	case result == nil:
		return nil
	}
	return json.Unmarshal(evaluated.Result.Value, result)
}

// pollInterval is the time between two evaluations of a condition.
const pollInterval = 50 * time.Millisecond

// Await waits until an expression is true.
func (p *Page) Await(ctx context.Context, expression string) error {
	for {
		var holds bool
		if err := p.Eval(ctx, "Boolean("+expression+")", &holds); err != nil || holds {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", expression, context.Cause(ctx))
		case <-time.After(pollInterval):
		}
	}
}

// Text returns the text of the element that a selector of CSS selects.
func (p *Page) Text(ctx context.Context, selector string) (text string, err error) {
	err = p.Eval(ctx, "document.querySelector("+quote(selector)+").textContent", &text)
	return text, err
}

// Type focuses an element, and types a text into it as a user does.
func (p *Page) Type(ctx context.Context, selector, text string) error {
	if err := p.Eval(ctx, "document.querySelector("+quote(selector)+").focus()", nil); err != nil {
		return err
	}
	return p.call(ctx, "Input.insertText", map[string]any{"text": text}, nil)
}

// Click clicks an element.
func (p *Page) Click(ctx context.Context, selector string) error {
	return p.Eval(ctx, "document.querySelector("+quote(selector)+").click()", nil)
}

// codes are the key codes of keys, and the texts that they type.
var codes = map[string]struct {
	code int
	text string
}{"Enter": {13, "\r"}, "Escape": {27, ""}}

// Press presses a key, Enter or Escape, in the element that has the focus. Shift may be held.
func (p *Page) Press(ctx context.Context, key string, shift bool) error {
	modifiers := 0
	if shift {
		modifiers = 8
	}
	params := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": codes[key].code, "text": codes[key].text, "modifiers": modifiers}
	if err := p.call(ctx, "Input.dispatchKeyEvent", params, nil); err != nil {
		return err
	}
	params["type"] = "keyUp"
	delete(params, "text")
	return p.call(ctx, "Input.dispatchKeyEvent", params, nil)
}

// Prefer sets what the user prefers, such as a dark color scheme or reduced motion.
func (p *Page) Prefer(ctx context.Context, feature, value string) error {
	return p.call(ctx, "Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": feature, "value": value}}}, nil)
}

// Screenshot returns what the page looks like, as PNG.
func (p *Page) Screenshot(ctx context.Context) ([]byte, error) {
	var shot struct{ Data []byte }
	err := p.call(ctx, "Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	return shot.Data, err
}

func quote(text string) string {
	var quoted strings.Builder
	_ = json.NewEncoder(&quoted).Encode(text)
	return strings.TrimSpace(quoted.String())
}
