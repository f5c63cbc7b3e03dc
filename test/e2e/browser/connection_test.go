package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// browserOf is a connection to a browser that replies to each command with one text. It
// ends with the first command that has none.
func browserOf(t *testing.T, replies map[string]string, events func(string, json.RawMessage)) *connection {
	t.Helper()
	commands, to := io.Pipe()
	from, out := io.Pipe()
	t.Cleanup(func() { _ = errors.Join(to.Close(), from.Close()) })
	go func() {
		defer out.Close()
		for lines := bufio.NewReader(commands); ; {
			text, err := lines.ReadBytes(0)
			if err != nil {
				return
			}
			var m message
			if json.Unmarshal(text[:len(text)-1], &m) != nil || replies[m.Method] == "" {
				return
			}
			fmt.Fprintf(out, strings.ReplaceAll(replies[m.Method], "ID", `"id":%d`)+"\x00", m.ID)
		}
	}()
	return connect(to, from, events)
}

func TestCall(t *testing.T) {
	var seen []string
	c := browserOf(t, map[string]string{
		"Page.one": `{"method":"Page.loaded","params":{"at":1}}` + "\x00" + `{ID,"result":{"value":7}}`,
		"Page.two": `{ID,"error":{"message":"No such page"}}`,
	}, func(method string, params json.RawMessage) { seen = append(seen, method+string(params)) })
	var got struct{ Value int }
	if err := c.call(t.Context(), "s", "Page.one", map[string]any{}, &got); err != nil || got.Value != 7 {
		t.Errorf("%+v, %v", got, err)
	}
	if len(seen) != 1 || seen[0] != `Page.loaded{"at":1}` {
		t.Errorf("events %q", seen)
	}
	if err := c.call(t.Context(), "s", "Page.two", nil, nil); err == nil || err.Error() != "Page.two: No such page" {
		t.Errorf("got %v", err)
	}
	for range 2 { // the command that ends the browser, and one to a browser that has ended
		if err := c.call(t.Context(), "s", "Page.three", nil, nil); err == nil || !strings.Contains(err.Error(), "the browser ended") {
			t.Errorf("got %v", err)
		}
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	c := browserOf(t, map[string]string{"Page.slow": `{"method":"Page.loaded"}`}, func(string, json.RawMessage) {})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if err := c.call(ctx, "", "Page.slow", nil, nil); err == nil || !strings.Contains(err.Error(), "Page.slow: enough") {
		t.Errorf("got %v", err)
	}
}

// What a page's console has counts as a problem, but for responses with an error status.
func TestProblems(t *testing.T) {
	var p Page
	for _, event := range [][2]string{
		{"Log.entryAdded", `{"entry":{"source":"security","level":"error","text":"Refused"}}`},
		{"Log.entryAdded", `{"entry":{"source":"network","level":"error","text":"401"}}`},
		{"Runtime.exceptionThrown", `{"exceptionDetails":{"text":"Uncaught","exception":{"description":"TypeError"}}}`},
		{"Runtime.consoleAPICalled", `{"type":"log","args":[{"value":"fine"}]}`},
		{"Runtime.consoleAPICalled", `{"type":"error","args":[{"value":"bad"}]}`},
		{"Page.frameNavigated", `{}`},
	} {
		p.note(event[0], json.RawMessage(event[1]))
	}
	got := p.Problems()
	if len(got) != 3 || got[0] != "security: Refused" || got[1] != "Uncaught TypeError" || !strings.Contains(got[2], "bad") {
		t.Errorf("%q", got)
	}
}
