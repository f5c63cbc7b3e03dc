package scriptedmodel

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// reply has the members of a completion that the tests look at.
type reply struct {
	Model   string
	Choices []struct {
		Index   int
		Message struct {
			Content          string
			Reasoning        string
			ReasoningContent string     `json:"reasoning_content"`
			ToolCalls        []toolCall `json:"tool_calls"`
		}
		FinishReason string `json:"finish_reason"`
		Logprobs     *struct {
			Content []struct {
				Token       string
				Logprob     float64
				TopLogprobs []struct {
					Token   string
					Logprob float64
				} `json:"top_logprobs"`
			}
		}
	}
	Usage replyUsage
}

type replyUsage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
	Details    struct {
		Cached int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	Generated struct {
		Reasoning int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// send sends a request to a handler, with a body if there is one.
func send(handler http.Handler, target, body string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(target, " ")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

const completions = "POST /v1/chat/completions"

// complete returns the reply of a new server.
func complete(t *testing.T, body string) reply { return completeWith(t, Handler(Options{}), body) }

func completeWith(t *testing.T, handler http.Handler, body string) (r reply) {
	t.Helper()
	w := send(handler, completions, body)
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != http.StatusOK || len(r.Choices) == 0 {
		t.Fatalf("%s: %d %s", body, w.Code, w.Body)
	}
	return r
}

func TestReplies(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"the message":           {asking("one two three", ""), "one two three/stop/3+3"},
		"a limit":               {asking("one two three", `"max_tokens":2`), "one two/length/3+2"},
		"a limit by its name":   {asking("one two three", `"max_completion_tokens":2`), "one two/length/3+2"},
		"a stop sequence":       {asking("one two three", `"stop":["two"]`), "one/stop/3+1"},
		"another form of it":    {asking("one two three", `"stop":"three"`), "one two/stop/3+2"},
		"a null":                {asking("one", `"stop":null,"tools":null,"response_format":null,"n":null`), "one/stop/1+1"},
		"parts":                 {`{"model":"echo","messages":[{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}]}`, "one two/stop/2+2"},
		"the last message":      {`{"model":"echo","messages":[{"role":"user","content":"one"},{"role":"assistant","content":"x"},{"role":"user","content":"y"}]}`, "y/stop/3+1"},
		"one word":              {`{"model":"echo","messages":[{"role":"system","content":"Reply in one word."},{"role":"user","content":"Blue sky"}]}`, "Blue/stop/7+1"},
		"a name":                {`{"model":"echo","messages":[{"role":"user","content":"My name is Ada"},{"role":"user","content":"What is my name?"}]}`, "Your name is Ada./stop/9+5"},
		"a name in one word":    {`{"model":"echo","messages":[{"role":"user","content":"my name is Ada"},{"role":"user","content":"What is my name? In one word."}]}`, "Ada/stop/13+1"},
		"an unknown name":       {asking("What is my name?", ""), "You have not told me your name./stop/5+8"},
		"no text":               {asking("", ""), "There is no message to reply to./stop/0+8"},
		"a schema":              {asking("Ann, 7", `"response_format":{"type":"json_schema","json_schema":{"name":"p","schema":`+objectOf(`"n":{"type":"integer"}`)+`}}`), `{"n":7}/stop/3+7`},
		"an object":             {asking("hello", `"response_format":{"type":"json_object"}`), `{"answer":"hello"}/stop/1+9`},
		"an object by its keys": {asking("Tell a joke about cats with 'setup' and 'punchline' keys", `"response_format":{"type":"json_object"}`), `"setup"`},
		"an object by a schema": {`{"model":"echo","response_format":{"type":"json_object"},"messages":[{"role":"system","content":"JSON schema:\n` +
			strings.ReplaceAll(objectOf(`"n":{"type":"integer"}`), `"`, `\"`) + `\nReply with JSON."},{"role":"user","content":"7"}]}`, `{"n":7}/stop/`},
		"instructions for JSON": {`{"model":"echo","messages":[{"role":"system","content":"Answer with a JSON object only: no other text."},{"role":"user","content":"Hi"}]}`, `{"answer":"Hi"}/stop/`},
		"instructions with a schema": {`{"model":"echo","messages":[{"role":"system","content":"Answer with a JSON value only. It must match this JSON schema (of a person):\n` +
			strings.ReplaceAll(objectOf(`"n":{"type":"integer"}`), `"`, `\"`) + `"},{"role":"user","content":"7"}]}`, `{"n":7}/stop/`},
		"a schema in the message": {asking("Ann JSON schema: "+objectOf(`"name":{"type":"string"}`), `"response_format":{"type":"json_object"}`), `{"name":"Ann"}/stop/`},
	} {
		t.Run(name, func(t *testing.T) {
			r := complete(t, test.body)
			got := fmt.Sprintf("%s/%s/%d+%d", r.Choices[0].Message.Content, r.Choices[0].FinishReason, r.Usage.Prompt, r.Usage.Completion)
			if !strings.Contains(got, test.want) || r.Usage.Total != r.Usage.Prompt+r.Usage.Completion {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if again := complete(t, test.body); !reflect.DeepEqual(again, r) {
				t.Error("the second reply is another")
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for body, want := range map[string]string{
		`hello`:                "400 <nil> <nil>",
		`{"model":"gpt"}`:      "404 model model_not_found",
		`{"model":"echo"}`:     "400 messages empty_array",
		`{"model":"embedder"}`: "400 model <nil>",
		`{"model":"newer-names","messages":[{"role":"user","content":"x"}],"max_tokens":5}`: "400 max_tokens unsupported_parameter",
		asking("x", `"top_k":5`):            "400 top_k unknown_parameter",
		asking("x", `"temperature":3`):      "400 temperature decimal_above_max_value",
		asking("x", `"n":0`):                "400 n invalid_value",
		asking("x", `"max_tokens":0`):       "400 max_tokens integer_below_min_value",
		asking("x", `"top_logprobs":2`):     "400 top_logprobs <nil>",
		asking("x", `"tool_choice":"auto"`): "400 tool_choice <nil>",
		asking("x", toolsOf(bareTool)+`,"tool_choice":{"type":"function","function":{"name":"pong"}}`):                                      "400 tool_choice <nil>",
		`{"model":"echo","messages":[{"role":"user","content":"x"},` + result("c1", "y") + `]}`:                                             "400 messages <nil>",
		conversation("x", call("c1", "ping", "{}"), `{"role":"user","content":"y"}`, toolsOf(bareTool)):                                     "400 messages <nil>",
		`{"model":"echo","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/x.png"}}]}]}`:    "400 messages invalid_image_url",
		`{"model":"echo","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}`:   "400 messages invalid_image_format",
		`{"model":"echo","messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA"}}]}]}`: "400 messages invalid_file_data",
		`{"model":"echo","messages":[{"role":"user","content":[{"type":"input_audio"}]}]}`:                                                  "400 messages invalid_value",
		asking(strings.Repeat("x ", contextWindow+1), ""):                                                                                   "400 messages context_length_exceeded",
	} {
		w := send(Handler(Options{Strict: true}), completions, body)
		var problem struct {
			Error struct {
				Message, Type string
				Param, Code   any
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(w.Code, " ", problem.Error.Param, " ", problem.Error.Code)
		if got != want || problem.Error.Message == "" || problem.Error.Type != "invalid_request_error" {
			t.Errorf("%.80s: got %s, want %s", body, got, want)
		}
	}
	for _, lenient := range []Options{{}, {Strict: true, Accepted: []string{"top_k"}}} {
		if w := send(Handler(lenient), completions, asking("x", `"top_k":5`)); w.Code != http.StatusOK {
			t.Errorf("%+v: %d", lenient, w.Code)
		}
	}
}

func TestModels(t *testing.T) {
	handler := Handler(Options{})
	for target, want := range map[string]string{
		"GET /v1/models":             `"id":"newer-names"`,
		"GET /v1/models/echo":        `"id":"echo"`,
		"GET /v1/models/newer-names": `"owned_by":"gatehouse"`,
		"GET /v1/models/a/b":         `"code":"model_not_found"`,
	} {
		if w := send(handler, target, ""); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

func TestKey(t *testing.T) {
	for authorization, status := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer right": 200} {
		r := httptest.NewRequest(http.MethodGet, "/v1/models", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		if Handler(Options{Key: "right"}).ServeHTTP(w, r); w.Code != status {
			t.Errorf("%q: %d", authorization, w.Code)
		}
	}
}

func TestReasoning(t *testing.T) {
	tokensOf := map[string]int{}
	for _, effort := range []string{"none", "minimal", "low", "medium", "high"} {
		r := complete(t, asking("Why?", `"reasoning_effort":"`+effort+`"`))
		tokensOf[effort] = r.Usage.Generated.Reasoning
		if (r.Choices[0].Message.ReasoningContent == "") != (effort == "none") || r.Choices[0].Message.Content != "Why?" {
			t.Errorf("%s: %+v", effort, r.Choices[0].Message)
		}
		if r.Usage.Completion != r.Usage.Generated.Reasoning+2 {
			t.Errorf("%s: usage %+v", effort, r.Usage)
		}
	}
	if tokensOf["none"] != 0 || tokensOf["low"] >= tokensOf["high"] {
		t.Errorf("tokens of reasoning: %v", tokensOf)
	}
	cut := complete(t, `{"model":"thinker","messages":[{"role":"user","content":"Why?"}],"max_tokens":3}`)
	if m := cut.Choices[0]; m.Message.Reasoning != "The user says" || m.Message.Content != "" || m.FinishReason != "length" || cut.Usage.Completion != 3 {
		t.Errorf("cut while thinking: %+v", cut)
	}
	if w := send(Handler(Options{}), completions, asking("x", `"chat_template_kwargs":{"enable_thinking":true}`)); !strings.Contains(w.Body.String(), "reasoning_content") {
		t.Errorf("enabled by the template: %s", w.Body)
	}
}

func TestChoicesAndLogprobs(t *testing.T) {
	r := complete(t, asking("one two", `"n":2,"logprobs":true,"top_logprobs":3,"seed":1`))
	if len(r.Choices) != 2 || r.Choices[1].Index != 1 || r.Usage.Completion != 4 {
		t.Fatalf("%+v", r)
	}
	text, sum := "", 0.0
	for _, entry := range r.Choices[0].Logprobs.Content {
		text += entry.Token
		if entry.Logprob >= 0 || len(entry.TopLogprobs) != 3 || entry.TopLogprobs[0].Token != entry.Token {
			t.Errorf("%+v", entry)
		}
		sum = 0
		for _, top := range entry.TopLogprobs {
			sum += math.Exp(top.Logprob)
		}
		if sum > 1 {
			t.Errorf("probabilities of %q sum up to %f", entry.Token, sum)
		}
	}
	if text != "one two" {
		t.Errorf("tokens %q", text)
	}
}

func TestCache(t *testing.T) {
	handler := Handler(Options{CacheMinimum: 5})
	long := strings.Repeat("word ", 10)
	messages := func(last string) string {
		return `{"model":"echo","messages":[{"role":"system","content":"` + long + `"},{"role":"user","content":"` + last + `"}]}`
	}
	for i, test := range []struct {
		body string
		want int
	}{{messages("a b"), 0}, {messages("c"), 11}, {messages("a b"), 13}, {asking("a", ""), 0}, {asking("a", ""), 0}} {
		if got := completeWith(t, handler, test.body).Usage.Details.Cached; got != test.want {
			t.Errorf("request %d: %d tokens, want %d", i, got, test.want)
		}
	}
}

// picture returns an image of a color with some other pixels.
func picture(c color.Color) *image.RGBA {
	i := image.NewRGBA(image.Rect(0, 0, 40, 30))
	draw.Draw(i, i.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	draw.Draw(i, image.Rect(0, 0, 10, 10), image.Black, image.Point{}, draw.Src)
	return i
}

func TestImages(t *testing.T) {
	var asPNG, asJPEG, asGIF bytes.Buffer
	red, blue, green := picture(color.RGBA{230, 20, 20, 255}), picture(color.RGBA{0, 0, 255, 255}), picture(color.RGBA{0, 200, 0, 255})
	if png.Encode(&asPNG, red) != nil || jpeg.Encode(&asJPEG, blue, nil) != nil || gif.Encode(&asGIF, green, nil) != nil {
		t.Fatal("the images can't be encoded")
	}
	// A pixel of WebP without loss.
	asWebP, err := base64.StdEncoding.DecodeString("UklGRhwAAABXRUJQVlA4TA8AAAAvAAAAAAcQ/Y/+ByKi/wEA")
	if err != nil {
		t.Fatal(err)
	}
	for want, url := range map[string]string{
		"The image is a PNG of 40x30 pixels, mostly red.":   dataURL("image/png", asPNG.Bytes()),
		"The image is a JPEG of 40x30 pixels, mostly blue.": dataURL("image/jpeg", asJPEG.Bytes()),
		"The image is a GIF of 40x30 pixels, mostly green.": dataURL("image/gif", asGIF.Bytes()),
		"The image is a WEBP of 1x1 pixels":                 dataURL("image/webp", asWebP),
	} {
		r := complete(t, withPart("What is this?", `{"type":"image_url","image_url":{"url":"`+url+`"}}`))
		if got := r.Choices[0].Message.Content; !strings.HasPrefix(got, want) || r.Usage.Prompt < 80 {
			t.Errorf("got %s (%d tokens), want %s", got, r.Usage.Prompt, want)
		}
	}
	r := complete(t, withPart("What color? Reply in one word.", `{"type":"image_url","image_url":{"url":"`+dataURL("image/png", asPNG.Bytes())+`"}}`))
	if got := r.Choices[0].Message.Content; got != "red" {
		t.Errorf("in one word: %s", got)
	}
}

func dataURL(media string, data []byte) string {
	return "data:" + media + ";base64," + base64.StdEncoding.EncodeToString(data)
}

func withPart(text, part string) string {
	return fmt.Sprintf(`{"model":"echo","messages":[{"role":"user","content":[{"type":"text","text":%q},%s]}]}`, text, part)
}

func TestFiles(t *testing.T) {
	pdf := "%PDF-1.4\n1 0 obj << /Length 44 >>\nstream\nBT (Annual \\(2026\\) report) Tj ET\nendstream\nendobj\n%%EOF"
	for want, part := range map[string]string{
		`The file "a.pdf" is of type application/pdf, with 97 bytes and the text "Annual (2026) report".`: `{"type":"file","file":{"filename":"a.pdf","file_data":"` +
			dataURL("application/pdf", []byte(pdf)) + `"}}`,
		`The file "unnamed" is of type text/plain, with 2 bytes and the text "Hi".`: `{"type":"file","file":{"file_data":"` + dataURL("text/plain", []byte("Hi")) + `"}}`,
	} {
		if got := complete(t, withPart("Summarize", part)).Choices[0].Message.Content; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// events returns the JSON texts of a stream.
func events(t *testing.T, body string) (all []string) {
	t.Helper()
	w := send(Handler(Options{Pace: time.Microsecond}), completions, body)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for event := range strings.SplitSeq(strings.TrimSpace(w.Body.String()), "\n\n") {
		all = append(all, strings.TrimPrefix(event, "data: "))
	}
	if last := len(all) - 1; all[last] != "[DONE]" {
		t.Fatalf("the stream ends with %s", all[last])
	}
	return all[:len(all)-1]
}

// TestStream checks that the pieces of a stream are the reply without one.
func TestStream(t *testing.T) {
	for name, members := range map[string]string{
		"text":      ``,
		"choices":   `"n":2`,
		"reasoning": `"reasoning_effort":"low"`,
		"calls":     toolsOf(weatherTool),
		"limit":     `"max_tokens":2`,
		"logprobs":  `"logprobs":true`,
	} {
		t.Run(name, func(t *testing.T) {
			text := "Weather in Paris and London?"
			want := complete(t, asking(text, members))
			streamed := `"stream":true,"stream_options":{"include_usage":true}`
			got := put(t, events(t, asking(text, strings.TrimPrefix(members+","+streamed, ","))))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
	if all := events(t, asking("x", `"stream":true`)); strings.Contains(strings.Join(all, ""), `"usage"`) {
		t.Error("usage without being asked for")
	}
}

// put puts the pieces of a stream together.
func put(t *testing.T, all []string) (r reply) {
	t.Helper()
	for _, text := range all {
		var piece struct {
			Model   string
			Choices []struct {
				Index        int
				Delta        json.RawMessage
				FinishReason string `json:"finish_reason"`
				Logprobs     json.RawMessage
			}
			Usage *replyUsage
		}
		if err := json.Unmarshal([]byte(text), &piece); err != nil {
			t.Fatal(err)
		}
		r.Model = piece.Model
		if piece.Usage != nil {
			r.Usage = *piece.Usage
		}
		for _, c := range piece.Choices {
			for len(r.Choices) <= c.Index {
				var one reply
				if err := json.Unmarshal([]byte(`{"Choices":[{}]}`), &one); err != nil {
					t.Fatal(err)
				}
				r.Choices = append(r.Choices, one.Choices[0])
			}
			choice := &r.Choices[c.Index]
			choice.Index, choice.FinishReason = c.Index, c.FinishReason
			var delta reply
			if err := json.Unmarshal([]byte(`{"Choices":[{"message":`+string(c.Delta)+`,"logprobs":`+string(c.Logprobs)+`}]}`), &delta); err != nil {
				t.Fatal(err)
			}
			d := delta.Choices[0]
			choice.Message.Content += d.Message.Content
			choice.Message.ReasoningContent += d.Message.ReasoningContent
			for _, call := range d.Message.ToolCalls {
				for len(choice.Message.ToolCalls) <= *call.Index {
					choice.Message.ToolCalls = append(choice.Message.ToolCalls, toolCall{})
				}
				made := &choice.Message.ToolCalls[*call.Index]
				made.ID += call.ID
				made.Type += call.Type
				made.Function.Name += call.Function.Name
				made.Function.Arguments += call.Function.Arguments
			}
			switch {
			case d.Logprobs == nil:
			case choice.Logprobs == nil:
				choice.Logprobs = d.Logprobs
			default:
				choice.Logprobs.Content = append(choice.Logprobs.Content, d.Logprobs.Content...)
			}
		}
	}
	return r
}

func TestEmbeddings(t *testing.T) {
	embed := func(body string) (vectors [][]float32, used int) {
		t.Helper()
		w := send(Handler(Options{}), "POST /v1/embeddings", body)
		var r struct {
			Data  []struct{ Embedding []float32 }
			Usage replyUsage
		}
		if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", body, w.Code, w.Body)
		}
		for _, d := range r.Data {
			vectors = append(vectors, d.Embedding)
		}
		return vectors, r.Usage.Prompt
	}
	near := func(a, b []float32) (sum float64) {
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
		}
		return sum
	}
	v, used := embed(`{"model":"embedder","input":["the cat sat on the mat","a cat sat on a mat","shares fell on Friday"],"dimensions":256}`)
	if len(v) != 3 || len(v[0]) != 256 || used != 16 {
		t.Fatalf("%d vectors of %d dimensions, %d tokens", len(v), len(v[0]), used)
	}
	if math.Abs(near(v[0], v[0])-1) > 1e-5 || near(v[0], v[1]) <= near(v[0], v[2]) {
		t.Errorf("products %f, %f, %f", near(v[0], v[0]), near(v[0], v[1]), near(v[0], v[2]))
	}
	one, _ := embed(`{"model":"echo","input":"the cat sat on the mat","dimensions":256}`)
	if !reflect.DeepEqual(one[0], v[0]) {
		t.Error("a single text has another vector")
	}
	if list, _ := embed(`{"model":"echo","input":[1,2,3]}`); len(list) != 1 || len(list[0]) != defaultDimensions {
		t.Errorf("tokens: %d vectors", len(list))
	}
	if lists, _ := embed(`{"model":"echo","input":[[1,2],[3]]}`); len(lists) != 2 {
		t.Errorf("lists of tokens: %d vectors", len(lists))
	}
	w := send(Handler(Options{}), "POST /v1/embeddings", `{"model":"echo","input":"the cat sat on the mat","dimensions":256,"encoding_format":"base64"}`)
	var encoded struct{ Data []struct{ Embedding []byte } }
	if err := json.Unmarshal(w.Body.Bytes(), &encoded); err != nil {
		t.Fatal(err)
	}
	if got := math.Float32frombits(binary.LittleEndian.Uint32(encoded.Data[0].Embedding)); got != v[0][0] {
		t.Errorf("base64 begins with %f, want %f", got, v[0][0])
	}
	for _, body := range []string{`{"model":"x","input":"a"}`, `{"model":"echo","input":""}`, `{"model":"echo","input":[]}`, `{"model":"echo","input":"a","dimensions":0}`, `{"model":"echo","input":"a","encoding_format":"x"}`, `{`} {
		if w := send(Handler(Options{}), "POST /v1/embeddings", body); w.Code < 400 {
			t.Errorf("%s: %d", body, w.Code)
		}
	}
}
