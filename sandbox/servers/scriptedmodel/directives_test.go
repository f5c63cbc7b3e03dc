package scriptedmodel

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// open returns the response of a server to a request for a stream.
func open(t *testing.T, body string) *http.Response {
	t.Helper()
	server := httptest.NewServer(Handler(Options{}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// streamed has what a client gets of a stream.
type streamed struct {
	text, code string
	done       bool
	err        error
	times      []time.Time // of the tokens
}

// drain reads a stream to its end.
func drain(response *http.Response) (s streamed) {
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		data, is := strings.CutPrefix(lines.Text(), "data: ")
		if !is {
			continue
		}
		if data == "[DONE]" {
			s.done = true
			continue
		}
		var event struct {
			Choices []struct{ Delta struct{ Content string } }
			Error   struct{ Code string }
		}
		if s.err = json.Unmarshal([]byte(data), &event); s.err != nil {
			return s
		}
		s.code = event.Error.Code
		if len(event.Choices) > 0 && event.Choices[0].Delta.Content != "" {
			s.text += event.Choices[0].Delta.Content
			s.times = append(s.times, time.Now())
		}
	}
	s.err = lines.Err()
	return s
}

func TestDirectivesAreNoPartOfTheText(t *testing.T) {
	for text, want := range map[string]string{
		"one two [[silence 1ms]]":                    "one two",
		"[[pace 1us]] [[silence 1ms]] one [[two 3]]": "one [[two 3]]",
		"[[tokens 4]] anything":                      "1 2 3 4",
	} {
		if got := complete(t, asking(text, "")).Choices[0].Message.Content; got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	earlier := `{"model":"echo","messages":[{"role":"user","content":"a [[status 500]]"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`
	if got := complete(t, earlier).Choices[0].Message.Content; got != "c" {
		t.Errorf("with an earlier directive: got %q", got)
	}
	if got := complete(t, asking("[[tokens 9]]", `"max_tokens":3`)).Choices[0]; got.Message.Content != "1 2 3" || got.FinishReason != "length" {
		t.Errorf("with a limit: got %q, %s", got.Message.Content, got.FinishReason)
	}
}

func TestStreamsBreakAsDirected(t *testing.T) {
	for directives, want := range map[string]streamed{
		"[[tokens 3]]":                  {text: "1 2 3", done: true},
		"[[tokens 9]] [[fail after 2]]": {text: "1 2", code: "server_error"},
		"[[tokens 9]] [[fail after 0 with rate_limit_exceeded]]": {code: "rate_limit_exceeded"},
		"[[tokens 2]] [[fail after 2]]":                          {text: "1 2", code: "server_error"},
		"[[tokens 2]] [[fail after 3]]":                          {text: "1 2", done: true},
		"[[tokens 9]] [[cut after 2]]":                           {text: "1 2", err: io.ErrUnexpectedEOF},
	} {
		got := drain(open(t, asking(directives, `"stream":true`)))
		if got.text != want.text || got.code != want.code || got.done != want.done || !errors.Is(got.err, want.err) {
			t.Errorf("%s: got %+v, want %+v", directives, got, want)
		}
	}
}

func TestAStreamWaitsAsDirected(t *testing.T) {
	const pace, silence = 20 * time.Millisecond, 60 * time.Millisecond
	response := open(t, asking("[[tokens 4]] [[pace 20ms]] [[silence 60ms]]", `"stream":true`))
	head := time.Now()
	got := drain(response)
	if len(got.times) != 4 || !got.done {
		t.Fatalf("got %+v", got)
	}
	// A wait is never shorter than its time; what arrives late shortens a later gap, so only sums are compared.
	if passed := got.times[0].Sub(head); passed < silence/2 {
		t.Errorf("the first token came %v after the head", passed)
	}
	if passed := got.times[3].Sub(got.times[0]); passed < 3*pace/2 {
		t.Errorf("three tokens came within %v", passed)
	}
}

func TestTheFirstTokenComesAtItsTime(t *testing.T) {
	at := time.Now().Add(80 * time.Millisecond).Truncate(time.Millisecond)
	got := drain(open(t, asking(fmt.Sprintf("[[tokens 2]] [[at %d]]", at.UnixMilli()), `"stream":true`)))
	if len(got.times) != 2 || !got.done || got.times[0].Before(at) {
		t.Errorf("got %+v, want the first token at %s", got, at)
	}
	if got := complete(t, asking("[[tokens 2]] [[at 1]]", "")).Choices[0].Message.Content; got != "1 2" {
		t.Errorf("with a time that has passed: got %q", got)
	}
}

func TestAStreamHangsAsDirected(t *testing.T) {
	response := open(t, asking("[[tokens 4]] [[hang after 1]]", `"stream":true`))
	ended := make(chan streamed)
	go func() { ended <- drain(response) }()
	select {
	case got := <-ended:
		t.Errorf("it ended: %+v", got)
	case <-time.After(100 * time.Millisecond):
	}
	_ = response.Body.Close()
	if got := <-ended; got.text != "1" || got.done {
		t.Errorf("got %+v", got)
	}
}

func TestWholeRepliesFollowDirectives(t *testing.T) {
	began := time.Now()
	if got := complete(t, asking("[[tokens 4]] [[pace 5ms]] [[silence 10ms]]", "")).Choices[0].Message.Content; got != "1 2 3 4" {
		t.Errorf("got %q", got)
	}
	if passed := time.Since(began); passed < 30*time.Millisecond {
		t.Errorf("it took %v", passed)
	}
	for text, want := range map[string]int{
		"[[status 429]]":         http.StatusTooManyRequests,
		"a b c [[fail after 1]]": http.StatusInternalServerError,
		"[[pace often]]":         http.StatusBadRequest,
		"[[tokens many]]":        http.StatusBadRequest,
	} {
		for _, member := range []string{"", `"stream":true`} {
			if member != "" && want == http.StatusInternalServerError {
				continue // an error within the stream
			}
			if w := send(Handler(Options{}), completions, asking(text, member)); w.Code != want {
				t.Errorf("%s %s: got %d, want %d", text, member, w.Code, want)
			}
		}
	}
}
