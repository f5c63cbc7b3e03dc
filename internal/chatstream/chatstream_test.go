package chatstream

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const head = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","model":"m","choices":[`

// choice returns an event with a choice.
func choice(delta, finish string) string {
	return fmt.Sprintf("%s{\"index\":0,\"delta\":%s,\"finish_reason\":%s}]}\n\n", head, delta, finish)
}

var (
	role   = choice(`{"role":"assistant","content":""}`, "null")
	hel    = choice(`{"content":"Hel"}`, "null")
	lo     = choice(`{"content":"lo"}`, "null")
	thinks = choice(`{"reasoning_content":"Hm."}`, "null")
	first  = choice(`{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}`, "null")
	piece  = choice(`{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}`, "null")
	second = choice(`{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":"1"}}]}`, "null")
	stop   = choice(`{}`, `"stop"`)
	usage  = head + `],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}` + "\n\n"
	failed = `data: {"error":{"message":"m","type":"server_error","param":null,"code":"model_failed"}}` + "\n\n"
	alive  = ": keep-alive\n\n"
	done   = "data: [DONE]\n\n"
)

func assemble(t *testing.T, body io.Reader) (Answer, error) {
	t.Helper()
	r := Response{events: newReader(body, func() time.Duration { return 1 })}
	events, err := r.Events()
	if err != nil {
		return Answer{}, err
	}
	return Assemble(events)
}

func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		stream string
		want   Message
		usage  *Usage
		tokens int
	}{
		"text":      {role + hel + alive + lo + stop + done, Message{Content: "Hello", Finish: "stop"}, nil, 2},
		"usage":     {role + hel + stop + usage + done, Message{Content: "Hel", Finish: "stop"}, &Usage{1, 2, 3}, 1},
		"reasoning": {alive + role + thinks + lo + stop + done, Message{Content: "lo", Reasoning: "Hm.", Finish: "stop"}, nil, 2},
		"calls":     {role + first + piece + second + stop + done, Message{Calls: []Call{{"f", "{}"}, {"g", "1"}}, Finish: "stop"}, nil, 3},
	} {
		for reading, body := range map[string]io.Reader{"at once": strings.NewReader(test.stream), "byte by byte": iotest.OneByteReader(strings.NewReader(test.stream))} {
			got, err := assemble(t, body)
			if err != nil || got.Whole() != nil {
				t.Errorf("%s, %s: %v, %v", name, reading, err, got.Whole())
			}
			if !reflect.DeepEqual(got.Message, test.want) || !reflect.DeepEqual(got.Usage, test.usage) || len(got.Tokens) != test.tokens {
				t.Errorf("%s, %s: got %+v", name, reading, got)
			}
		}
	}
}

func TestBrokenAnswers(t *testing.T) {
	got, err := assemble(t, strings.NewReader(role+hel+failed))
	if err != nil || got.Broken("model_failed") != nil || got.Whole() == nil || got.Message.Content != "Hel" {
		t.Errorf("%+v, %v", got, err)
	}
	if got.Broken("another") == nil {
		t.Error("another code passed")
	}
	for _, stream := range []string{role + hel, role + hel + stop, role + stop + done, ""} {
		got, err := assemble(t, strings.NewReader(stream))
		if err != nil || got.Whole() == nil || got.Broken("model_failed") == nil {
			t.Errorf("%q: %v, %v, %v", stream, err, got.Whole(), got.Broken("model_failed"))
		}
	}
}

func TestWhatOpenAIWouldNotSend(t *testing.T) {
	for name, stream := range map[string]string{
		"cut within an event":      role + hel[:20],
		"an event after the last":  role + hel + stop + done + hel,
		"after an error":           role + failed + done,
		"no role":                  hel + stop + done,
		"two roles":                role + role + stop + done,
		"whole without a reason":   role + hel + done,
		"a choice after the last":  role + hel + stop + hel + done,
		"no JSON":                  "data: x\n\n",
		"an event type":            "event: x\ndata: {}\n\n",
		"two lines":                "data: {}\ndata: {}\n\n",
		"another id":               role + strings.Replace(hel, "chatcmpl-1", "chatcmpl-2", 1) + stop + done,
		"another object":           strings.Replace(role, ".chunk", "", 1),
		"no choices and no usage":  head + "]}\n\n",
		"a call without its name":  role + piece,
		"a call out of order":      role + second,
		"an error without a code":  role + strings.Replace(failed, "model_failed", "", 1),
		"a prelude before a chunk": `{"statusCode":200}` + strings.Repeat("\x00", 8) + role,
	} {
		if got, err := assemble(t, strings.NewReader(stream)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAReadErrorIsNoEnd(t *testing.T) {
	broken := errors.New("reset")
	body := io.MultiReader(strings.NewReader(role+hel), iotest.ErrReader(broken))
	events, err := (&Response{events: newReader(body, func() time.Duration { return 1 })}).Events()
	if !errors.Is(err, broken) || len(events) != 2 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

func TestTimes(t *testing.T) {
	a := Answer{Tokens: []Event{{At: 5, Read: 1}, {At: 7, Read: 2}, {At: 7, Read: 2}, {At: 12, Read: 4}}}
	if a.First() != 5 || a.Last() != 12 || a.Joined() != 1 || !reflect.DeepEqual(a.Gaps(), []time.Duration{2, 0, 5}) {
		t.Errorf("%v, %v, %d, %v", a.First(), a.Last(), a.Joined(), a.Gaps())
	}
	if got := Percentile(a.Gaps(), 50); got != 2 {
		t.Errorf("median %d", got)
	}
	if got := Percentile(nil, 50); got != 0 {
		t.Errorf("median of nothing %d", got)
	}
}

func TestCompletion(t *testing.T) {
	got, used, err := Completion([]byte(`{"object":"chat.completion","choices":[{"finish_reason":"tool_calls","message":{"content":null,"reasoning_content":"Hm.",` +
		`"tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{}"}}]}}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`))
	want := Message{Reasoning: "Hm.", Calls: []Call{{"f", "{}"}}, Finish: "tool_calls"}
	if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(used, &Usage{1, 2, 3}) {
		t.Errorf("%+v, %+v, %v", got, used, err)
	}
	for _, body := range []string{"", `{"object":"error"}`, `{"object":"chat.completion","choices":[]}`} {
		if _, _, err := Completion([]byte(body)); err == nil {
			t.Errorf("%q passed", body)
		}
	}
}

// TestTarget sends requests to a server, and reads its answers as they come.
func TestTarget(t *testing.T) {
	next := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path != "/api/chat/completions" || r.Host != "api.example" || r.Header.Get("X-Key") != "k":
			w.WriteHeader(http.StatusTeapot)
		case strings.Contains(string(body), `"refuse"`):
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"status":429,"code":"rate_limit_exceeded"}`)
		case strings.Contains(string(body), `"stream":true`):
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			_, _ = io.WriteString(w, role+hel)
			w.(http.Flusher).Flush()
			<-next
			_, _ = io.WriteString(w, lo+stop+done)
		default:
			_, _ = io.WriteString(w, `{"object":"chat.completion","choices":[{"finish_reason":"stop","message":{"content":"Hello"}}]}`)
		}
	}))
	defer server.Close()
	to := Target{URL: server.URL + "/api", Host: "api.example", Header: http.Header{"X-Key": {"k"}}}
	got, err := to.Send(t.Context(), Request{Model: "m", Message: "Hello", Stream: true})
	if err != nil || got.IsStream() != nil {
		t.Fatal(err, got.IsStream())
	}
	defer got.Close()
	for range 2 {
		if _, err := got.Next(); err != nil {
			t.Fatal(err) // the server waits until these were read
		}
	}
	close(next)
	if events, err := got.Events(); err != nil || len(events) != 3 {
		t.Errorf("%d events, %v", len(events), err)
	}
	streamed, err := to.WholeStream(t.Context(), Request{Model: "m", Message: "Hello"})
	if err != nil {
		t.Fatal(err)
	}
	whole, _, err := to.Complete(t.Context(), Request{Model: "m", Message: "Hello"})
	if err != nil || !reflect.DeepEqual(whole, streamed.Message) {
		t.Errorf("%+v, %+v, %v", whole, streamed.Message, err)
	}
	problem, err := to.Refused(t.Context(), Request{Model: "refuse", Stream: true})
	if err != nil || problem.Status != http.StatusTooManyRequests || problem.Code != "rate_limit_exceeded" {
		t.Errorf("%+v, %v", problem, err)
	}
	if _, err := to.Refused(t.Context(), Request{Model: "m"}); err == nil {
		t.Error("an answer is no problem document")
	}
	if _, err := to.Stream(t.Context(), Request{Model: "refuse"}); err == nil || !strings.Contains(err.Error(), "429") {
		t.Error(err)
	}
}
