package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// openAI returns a body with members in addition to a message, and conversation one with
// messages.
func openAI(members string) string {
	return `{"model":"amazon.nova-micro-v1:0","messages":[` + user + `],` + members + `}`
}

func conversation(messages string) string {
	return `{"model":"amazon.nova-micro-v1:0","messages":[` + messages + `]}`
}

// accepted returns the conversation that a request makes of a body.
func accepted(t *testing.T, body string) chat.Conversation {
	t.Helper()
	s := newSetup()
	r := s.do(t, postChat(body))
	require.Equal(t, http.StatusOK, r.StatusCode, r.Body)
	require.Len(t, s.fake.calls, 1)
	return s.fake.calls[0]
}

func TestAcceptsRequestsOfOpenAIsClients(t *testing.T) {
	assert.Equal(t, chat.Conversation{
		Model: testModel, MaxTokens: testMaxTokens, Stop: []string{"END"}, ParallelToolCalls: pointerTo(true),
		Messages: []chat.Message{
			{Role: "user", Name: "ann", Content: texts("One", "two")}, {Role: "assistant", Content: texts("Hi")}, {Role: "user", Content: texts("Go on")},
		},
		Tools: []chat.Tool{},
		Options: map[string]json.RawMessage{
			"user": json.RawMessage(`"ann"`), "seed": json.RawMessage(`7`), "metadata": json.RawMessage(`{"a": "b"}`), "service_tier": json.RawMessage(`"auto"`),
			"n": json.RawMessage(`1`), "store": json.RawMessage(`false`), "frequency_penalty": json.RawMessage(`0`), "presence_penalty": json.RawMessage(`0.0`),
			"logit_bias": json.RawMessage(`{}`), "logprobs": json.RawMessage(`false`), "modalities": json.RawMessage(`["text"]`),
		},
	}, accepted(t, `{
		"model": "amazon.nova-micro-v1:0",
		"messages": [
			{"role": "user", "name": "ann", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "two"}]},
			{"role": "assistant", "content": "Hi", "refusal": null, "annotations": [], "audio": null, "function_call": null, "tool_calls": null},
			{"role": "user", "content": "Go on"}
		],
		"stop": "END", "n": 1, "stream": false, "user": "ann", "seed": 7, "metadata": {"a": "b"}, "store": false,
		"frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}, "logprobs": false, "top_logprobs": null, "response_format": {"type": "text"},
		"tools": [], "tool_choice": "none", "parallel_tool_calls": true, "modalities": ["text"], "service_tier": "auto", "stream_options": null
	}`))
}

func pointerTo[T any](value T) *T { return &value }

func TestReadsTools(t *testing.T) {
	c := accepted(t, `{"model":"amazon.nova-micro-v1:0","tools":[
			{"type":"function","function":{"name":"weather","description":"Tells the weather","parameters":{"type": "object", "z": 1, "a": 1.0},"strict":true}},
			{"type":"function","function":{"name":"a tool.of/others","parameters":null}}],
		"tool_choice":{"type":"function","function":{"name":"weather"}},"messages":[`+user+`,
		{"role":"assistant","content":null,"tool_calls":[
			{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bonn\"}"}},
			{"id":"call_2","type":"function","index":1,"function":{"name":"weather","arguments":""}}]},
		{"role":"tool","tool_call_id":"call_2","content":[{"type":"text","text":"no city"}],"status":"error"},
		{"role":"tool","tool_call_id":"call_1","content":"rain"}]}`)
	assert.Equal(t, []chat.Tool{
		{Name: "weather", Description: "Tells the weather", Parameters: json.RawMessage(`{"type": "object", "z": 1, "a": 1.0}`), Strict: true},
		{Name: "a tool.of/others"},
	}, c.Tools)
	assert.Equal(t, chat.ToolChoice{Mode: chat.ChooseTool, Name: "weather"}, c.ToolChoice)
	assert.Equal(t, []chat.Message{
		{Role: "user", Content: texts("Hello")},
		{Role: "assistant", ToolCalls: []chat.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{"city":"Bonn"}`}, {ID: "call_2", Name: "weather"}}},
		{Role: "tool", ToolCallID: "call_2", Content: texts("no city"), ToolFailed: true},
		{Role: "tool", ToolCallID: "call_1", Content: texts("rain")},
	}, c.Messages)
}

func TestReadsImagesAndFiles(t *testing.T) {
	c := accepted(t, conversation(`{"role":"user","content":[{"type":"text","text":""},
		{"type":"image_url","image_url":{"url":"`+gifURL+`","detail":"low"}},
		{"type":"file","file":{"filename":"a.pdf","file_data":"`+pdfURL+`"}}]}`))
	parts := c.Messages[0].Content
	require.Len(t, parts, 3)
	assert.Equal(t, "gif", parts[1].Image.Format)
	assert.Equal(t, "low", parts[1].Image.Detail)
	assert.Equal(t, "a.pdf", parts[2].File.Name)
}

// What was answered can be sent back, and so can what clients make of it.
func TestReadsAnswersOfItsOwn(t *testing.T) {
	s := newSetup()
	s.fake.done = chat.Completion{Choices: []chat.Choice{{
		Reasoning: []chat.Reasoning{{Text: "Hm.", Signature: "c2ln"}, {Redacted: []byte{1, 2}}},
		ToolCalls: []chat.ToolCall{{ID: "1", Name: "f", Arguments: `{}`}}, StopReason: chat.ToolUse,
	}}}
	r := s.do(t, postChat(helloChat))
	require.Equal(t, http.StatusOK, r.StatusCode, r.Body)
	var answer struct {
		Choices []struct{ Message json.RawMessage }
	}
	require.NoError(t, json.Unmarshal([]byte(r.Body), &answer))
	assert.JSONEq(t, `{"role":"assistant","content":null,"refusal":null,"reasoning_content":"Hm.",
		"thinking_blocks":[{"type":"thinking","thinking":"Hm.","signature":"c2ln"},{"type":"redacted_thinking","data":"AQI="}],
		"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}`, string(answer.Choices[0].Message))

	c := accepted(t, conversation(user+`,`+string(answer.Choices[0].Message)+`,{"role":"tool","tool_call_id":"1","content":""}`))
	assert.Equal(t, s.fake.done.Choices[0].Reasoning, c.Messages[1].Reasoning)
	assert.Equal(t, s.fake.done.Choices[0].ToolCalls, c.Messages[1].ToolCalls)

	for message, want := range map[string]chat.Message{
		`{"role":"assistant","content":""}`:                                               {Role: "assistant", Content: texts("")},
		`{"role":"assistant","content":null}`:                                             {Role: "assistant"},
		`{"role":"assistant","content":[]}`:                                               {Role: "assistant"},
		`{"role":"assistant","content":"x","reasoning_content":"r","thinking_blocks":[]}`: {Role: "assistant", Content: texts("x"), Reasoning: []chat.Reasoning{{Text: "r"}}},
		`{"role":"assistant"}`:                                                            {Role: "assistant"},
		`{"role":"assistant","content":null,"refusal":"No."}`:                             {Role: "assistant", Content: texts("No.")},
		`{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}`:             {Role: "assistant", Content: texts("No.")},
		`{"role":"assistant","content":"x","reasoning":"r","tool_calls":[]}`:              {Role: "assistant", Content: texts("x"), Reasoning: []chat.Reasoning{{Text: "r"}}},
		`{"role":"assistant","content":"x","reasoning_content":"r","annotations":[{}]}`:   {Role: "assistant", Content: texts("x"), Reasoning: []chat.Reasoning{{Text: "r"}}},
		`{"role":"system","content":" "}`:                                                 {Role: "system", Content: texts(" ")},
	} {
		assert.Equal(t, want, accepted(t, conversation(message+`,`+user)).Messages[0], message)
	}
}

// bomb returns a small schema with 2^depth subschemas, if references are followed.
func bomb(depth int) string {
	var definitions []string
	for i := range depth {
		definitions = append(definitions, fmt.Sprintf(`"d%d":{"anyOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1))
	}
	return fmt.Sprintf(`{"$ref":"#/$defs/d0","$defs":{%s,"d%d":{"type":"object"}}}`, strings.Join(definitions, ","), depth)
}

func TestReadsFormats(t *testing.T) {
	for format, want := range map[string]chat.Format{
		`null`:                   {},
		`{"type":"text"}`:        {},
		`{"type":"json_object"}`: {Type: chat.FormatJSON},
		`{"type":"json_object","schema":{"type":"object"}}`:                                           {Type: chat.FormatSchema, Name: "answer", Schema: json.RawMessage(`{"type":"object"}`)},
		`{"type":"json_schema","json_schema":{"name":"a","schema":{"type": "object"},"strict":null}}`: {Type: chat.FormatSchema, Name: "a", Schema: json.RawMessage(`{"type": "object"}`)},
		`{"type":"json_schema","json_schema":{"name":"a","description":"b","schema":{"$defs":{"c":{}},"$ref":"#/$defs/c"},"strict":true}}`: {
			Type: chat.FormatSchema, Name: "a", Description: "b", Schema: json.RawMessage(`{"$defs":{"c":{}},"$ref":"#/$defs/c"}`), Strict: true,
		},
	} {
		s := newSetup()
		s.fake.done = chat.Completion{Choices: []chat.Choice{{Text: `{}`, StopReason: chat.EndTurn}}}
		r := s.do(t, postChat(openAI(`"response_format":`+format)))
		require.Equal(t, http.StatusOK, r.StatusCode, r.Body)
		assert.Equal(t, want, s.fake.calls[0].Format)
	}
}

func TestLeavesOptionsToTheBackend(t *testing.T) {
	c := accepted(t, openAI(`"frequency_penalty":0.1,"n":2,"logit_bias":{"50256":-100},"logprobs":true,"top_logprobs":3,"verbosity":"low",
		"modalities":["text","audio"],"audio":{"voice":"ash"},"store":true,"prediction":{},"web_search_options":{},"top_k":5,"reasoning_effort":"high"`))
	assert.Equal(t, map[string]json.RawMessage{
		"frequency_penalty": json.RawMessage(`0.1`), "n": json.RawMessage(`2`), "logit_bias": json.RawMessage(`{"50256":-100}`), "logprobs": json.RawMessage(`true`),
		"top_logprobs": json.RawMessage(`3`), "verbosity": json.RawMessage(`"low"`), "modalities": json.RawMessage(`["text","audio"]`),
		"audio": json.RawMessage(`{"voice":"ash"}`), "store": json.RawMessage(`true`), "prediction": json.RawMessage(`{}`), "web_search_options": json.RawMessage(`{}`),
	}, c.Options)
	assert.Equal(t, map[string]json.RawMessage{"top_k": json.RawMessage(`5`)}, c.PassThrough)
	assert.Equal(t, "high", c.ReasoningEffort)
}

func TestAcceptsASeedOfAnySize(t *testing.T) {
	for _, seed := range []string{"0", "-7", "7.0", "9223372036854775808", "-2431860813560928841809401525305344", "1e400"} {
		assert.Equal(t, seed, string(accepted(t, openAI(`"seed":`+seed)).Options["seed"]))
	}
}

func TestTellsWhatHadNoEffect(t *testing.T) {
	body := `{"model":"amazon.nova-micro-v1:0","max_tokens":4096,"unheard_of":1,"unset":null,"messages":[
		{"role":"user","content":[{"type":"text","text":"Hello","cache_control":{"type":"ephemeral"}}],"extra":{}}]}`
	s := newSetup()
	s.fake.adaptation = chat.Adaptation{Dropped: []string{"top_p", "frequency_penalty"}, Clamped: []chat.Clamp{{Member: "temperature", Limit: "1"}}}
	r := s.do(t, postChat(body))
	require.Equal(t, http.StatusOK, r.StatusCode, r.Body)
	assert.Equal(t, "frequency_penalty, messages.content.cache_control, messages.extra, top_p, unheard_of", r.Headers[droppedHeader])
	assert.Equal(t, "max_tokens=100, temperature=1", r.Headers[clampedHeader])
	assert.Equal(t, testMaxTokens, s.fake.calls[0].MaxTokens)
	assert.Contains(t, s.logs.String(), `"dropped":["frequency_penalty",`)
	assert.Contains(t, s.logs.String(), `"clamped":"max_tokens=100, temperature=1"`)

	s.fake.adaptation = chat.Adaptation{Clamped: []chat.Clamp{{Member: "max_tokens", Limit: "50"}}}
	r = s.do(t, postChat(openAI(`"max_completion_tokens":4096`)))
	assert.Equal(t, "max_completion_tokens=50", r.Headers[clampedHeader], "by the client's name, the lower limit")

	s = newSetup()
	r = s.do(t, postChat(helloChat))
	assert.NotContains(t, r.Headers, droppedHeader)
	assert.NotContains(t, r.Headers, clampedHeader)
	assert.NotContains(t, s.logs.String(), "dropped")
}

func TestRefusesWhatHasNoEffectIfTheSettingsSaySo(t *testing.T) {
	s := newSetup()
	s.Limits.RefuseUnsupported = true
	s.fake.adaptation = chat.Adaptation{Dropped: []string{"top_p"}, Clamped: []chat.Clamp{{Member: "temperature", Limit: "1"}}}
	r := s.do(t, postChat(openAI(`"max_tokens":4096`)))
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	p := problemIn(t, r)
	assert.Equal(t, codeUnsupported, p.Code)
	assert.Equal(t, []string{"/top_p", "/max_tokens", "/temperature"}, []string{p.Errors[0].Pointer, p.Errors[1].Pointer, p.Errors[2].Pointer})

	r = s.do(t, postChat(openAI(`"unheard_of":1`)))
	assert.Equal(t, "/unheard_of", problemIn(t, r).Errors[0].Pointer)
	assert.Empty(t, s.fake.calls)
}

func TestModelsIsStrict(t *testing.T) {
	s := newSetup()
	s.fake.adaptation = chat.Adaptation{Dropped: []string{"top_p"}}
	r := s.do(t, post(`{"messages":[`+user+`],"temperature":1,"top_p":1}`))
	assert.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	assert.Equal(t, "/top_p", problemIn(t, r).Errors[0].Pointer)
	assert.Empty(t, s.fake.calls)
}

func TestRefusesWhatTheModelCannotProcess(t *testing.T) {
	s := newSetup()
	s.fake.adaptation = chat.Adaptation{Refused: []chat.Fault{{Pointer: "/messages/0/content/1", Detail: "the model takes no images"}}}
	r := s.do(t, postChat(helloChat))
	assert.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	assert.Equal(t, codeUnsupported, problemIn(t, r).Code)
	assert.Equal(t, "/messages/0/content/1", problemIn(t, r).Errors[0].Pointer)
	assert.Empty(t, s.fake.calls)
}

func TestRejectsInvalidRequestsInOpenAIsFormat(t *testing.T) {
	tool := func(function string) string {
		return openAI(`"tools":[{"type":"function","function":` + function + `}]`)
	}
	calls := func(calls, rest string) string {
		return conversation(user + `,{"role":"assistant","tool_calls":[` + calls + `]}` + rest)
	}
	part := func(part string) string { return conversation(`{"role":"user","content":[` + part + `]}`) }
	const call = `{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}`
	const result = `,{"role":"tool","tool_call_id":"1","content":"x"}`
	for body, want := range map[string]faults{
		`{"messages":[` + user + `]}`: {"/model": "got nothing"},
		`[]`:                          {"": "want an object with model, messages"},
		openAI(`"n":9`):               {"/n": "from 1 to 8"},
		openAI(`"stream":"yes"`):      {"/stream": "true or false"},
		openAI(`"stream_options":{}`): {"/stream_options": "want null"},
		openAI(`"functions":[{}],"function_call":"f"`):                      {"/functions": "tools have replaced", "/function_call": "tools and tool_choice"},
		openAI(`"frequency_penalty":3,"presence_penalty":"a"`):              {"/frequency_penalty": "from -2 to 2", "/presence_penalty": "from -2 to 2"},
		openAI(`"logit_bias":{"a":"b"},"logprobs":1,"top_logprobs":21`):     {"/logit_bias": "numbers", "/logprobs": "true or false", "/top_logprobs": "from 0 to 20"},
		openAI(`"reasoning_effort":"some","verbosity":"some"`):              {"/reasoning_effort": "want none, minimal", "/verbosity": "low, medium or high"},
		openAI(`"user":7,"seed":1.5,"metadata":[]`):                         {"/user": "a string", "/seed": "whole number", "/metadata": "an object"},
		openAI(`"parallel_tool_calls":"no"`):                                {"/parallel_tool_calls": "true or false"},
		openAI(`"temperature":2.5,"top_p":1.5`):                             {"/temperature": "from 0 to 2", "/top_p": "from 0 to 1"},
		openAI(`"max_tokens":5,"max_completion_tokens":5`):                  {"/max_completion_tokens": "want one of max_tokens and max_completion_tokens only"},
		openAI(`"max_tokens":0`):                                            {"/max_tokens": "from 1 to 100"},
		openAI(`"stop":7`):                                                  {"/stop": "got a number"},
		openAI(`"a b":1`):                                                   {"/a b": "unknown"},
		openAI(`"tools":{}`):                                                {"/tools": "an array"},
		openAI(`"tools":[{"type":"custom"}]`):                               {"/tools/0/type": "want function"},
		openAI(`"tools":["f"]`):                                             {"/tools/0": "want an object"},
		openAI(`"tool_choice":"any"`):                                       {"/tool_choice": "want none, auto or required"},
		openAI(`"tool_choice":"required"`):                                  {"/tool_choice": "without tools"},
		openAI(`"tool_choice":{"type":"function","function":{"name":"f"}}`): {"/tool_choice/function/name": "one of the tools"},
		openAI(`"tool_choice":{"type":"allowed_tools"}`):                    {"/tool_choice/type": "want function"},
		tool(`{"name":""}`):                                                 {"/tools/0/function/name": "blank"},
		tool(`{"name":"` + strings.Repeat("a", 257) + `"}`):                 {"/tools/0/function/name": "at most 256"},
		tool(`{"name":"f","parameters":"x","strict":"y","description":1}`):  {"/tools/0/function/parameters": "a JSON schema", "/tools/0/function/strict": "true or false", "/tools/0/function/description": "a string"},
		openAI(`"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"f"}}]`): {"/tools/1/function/name": "another name"},
		openAI(`"response_format":"json"`):                                                                                      {"/response_format": "an object"},
		openAI(`"response_format":{"type":"grammar"}`):                                                                          {"/response_format/type": "want text, json_object or json_schema"},
		openAI(`"response_format":{"type":"json_schema"}`):                                                                      {"/response_format/json_schema": "got nothing"},
		openAI(`"response_format":{"type":"json_schema","json_schema":{"name":"a b","schema":{}}}`):                             {"/response_format/json_schema/name": "1 to 64 letters"},
		openAI(`"response_format":{"type":"json_schema","json_schema":{"name":"a"}}`):                                           {"/response_format/json_schema/schema": "got nothing"},
		openAI(`"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"strange"}}}`):               {"/response_format/json_schema/schema": "at /type"},
		openAI(`"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"$ref":"https://example.com/s"}}}`): {"/response_format/json_schema/schema": "other documents"},
		conversation(`{"role":"function","content":"x","name":"f"}`):                                                            {"/messages/0/role": "developer, user, assistant or tool"},
		conversation(`{"role":"user","content":null}`):                                                                          {"/messages/0/content": "got nothing"},
		conversation(`{"role":"user","content":[]}`):                                                                            {"/messages/0/content": "got an empty array"},
		conversation(`{"role":"user","content":"x","name":7}`):                                                                  {"/messages/0/name": "a string"},
		conversation(`{"role":"user","content":"x","tool_calls":[` + call + `]}`):                                               {"/messages/0/tool_calls": "of this role"},
		conversation(user + `,{"role":"assistant","audio":{"id":"1"}}`):                                                         {"/messages/1/audio": "no audio"},
		part(`"x",{"type":"text"},{"type":"input_audio"}`):                                                                      {"/messages/0/content/0": "an object", "/messages/0/content/1/text": "got nothing", "/messages/0/content/2/type": "want text, image_url or file"},
		part(`{"type":"image_url","image_url":"` + gifURL + `"}`):                                                               {"/messages/0/content/0/image_url": "an object"},
		part(`{"type":"image_url","image_url":{"url":"https://example.com/a"}}`):                                                {"/messages/0/content/0/image_url/url": "not fetched"},
		part(`{"type":"file","file":{"file_id":"file-1"}}`):                                                                     {"/messages/0/content/0/file/file_id": "no stored files"},
		conversation(user + `,{"role":"assistant","content":[{"type":"image_url","image_url":{"url":"` + gifURL + `"}}]}`):      {"/messages/1/content/0/type": "want text or refusal"},
		conversation(user + result):                                                                                             {"/messages/1": "want a message of the assistant"},
		calls(call, ""):                                                                                                         {"/messages/1/tool_calls/0": "want a message of the role tool"},
		calls(call, result+result):                                                                                              {"/messages/3": "one message with a result for each call"},
		calls(call+`,`+strings.Replace(call, "1", "2", 1), result+result):                                                       {"/messages/3/tool_call_id": "another call", "/messages/1/tool_calls/1": "with its result"},
		calls(call+strings.Repeat(`,`+call, maxCalls), ""):                                                                      {"/messages/1/tool_calls": "at most 128 calls"},
		openAI(`"response_format":{"type":"json_object","schema":7}`):                                                           {"/response_format/schema": "a JSON schema"},
		openAI(`"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":` + bomb(20) + `}}`):                 {"/response_format/json_schema/schema": "at most 5000 subschemas"},
		conversation(user + `,{"role":"assistant","thinking_blocks":[{"type":"x"},7,{"type":"redacted_thinking","data":"%"},{"type":"thinking","thinking":1}]}`): {
			"/messages/1/thinking_blocks/0/type": "want thinking or redacted_thinking", "/messages/1/thinking_blocks/1": "an object",
			"/messages/1/thinking_blocks/2/data": "base64", "/messages/1/thinking_blocks/3/thinking": "a string",
		},
		calls(call, `,`+user+result):                 {"/messages/1/tool_calls/0": "want a message of the role tool", "/messages/3": "before it"},
		calls(call+`,`+call, result):                 {"/messages/1/tool_calls/1/id": "another id"},
		calls(call, `,{"role":"tool","content":""}`): {"/messages/2/tool_call_id": "blank"},
		calls(`{"id":"1","type":"custom","function":{"name":"","arguments":{}}}`, result): {"/messages/1/tool_calls/0/type": "function", "/messages/1/tool_calls/0/function/name": "blank", "/messages/1/tool_calls/0/function/arguments": "a string"},
	} {
		t.Run(fmt.Sprintf("%.110s", strings.TrimPrefix(body, `{"model":"amazon.nova-micro-v1:0",`)), func(t *testing.T) {
			checkFaults(t, "/api/chat/completions", body, 422, want)
		})
	}
}

const citySchema = `"response_format":{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object",
	"properties":{"name":{"type":"string"},"people":{"type":"integer","minimum":1}},"required":["name"],"additionalProperties":false},"strict":true}}`

func TestAnswersThatFitTheFormat(t *testing.T) {
	for format, answers := range map[string][]string{
		`"response_format":{"type":"json_object"}`: {`{}`, ` {"a": [1]} `},
		citySchema: {`{"name":"Bonn"}`, `{"people":335975,"name":"Bonn"}`},
	} {
		for _, answer := range answers {
			s := newSetup()
			s.fake.done = chat.Completion{Choices: []chat.Choice{{Text: answer, StopReason: chat.EndTurn}}}
			r := s.do(t, postChat(openAI(format)))
			require.Equal(t, http.StatusOK, r.StatusCode, r.Body)
		}
	}
}

func TestAnswersThatDoNotFitTheFormat(t *testing.T) {
	for _, test := range []struct{ format, answer, pointer, detail string }{
		{`"response_format":{"type":"json_object"}`, `Sure!`, "", "not JSON"},
		{`"response_format":{"type":"json_object"}`, `[{}]`, "", "not an object"},
		{`"response_format":{"type":"json_object"}`, `{} {}`, "", "not JSON"},
		{citySchema, `{"name":"Bonn"`, "", "not JSON"},
		{citySchema, `{"people":1}`, "", "required"},
		{citySchema, `{"name":"Bonn","people":0}`, "/people", "minimum"},
		{citySchema, `{"name":"Bonn","mayor":"Sesame"}`, "", "additionalProperties"},
	} {
		s := newSetup()
		s.fake.done = chat.Completion{Choices: []chat.Choice{{Text: test.answer, StopReason: chat.EndTurn}}, Usage: chat.Usage{OutputTokens: 9}}
		r := s.do(t, postChat(openAI(test.format)))
		require.Equal(t, http.StatusBadGateway, r.StatusCode, test.answer)
		p := problemIn(t, r)
		assert.Equal(t, codeSchemaMismatch, p.Code)
		assert.Equal(t, "/choices/0/message/content"+test.pointer, p.Errors[0].Pointer)
		assert.Contains(t, p.Errors[0].Detail, test.detail)
		assert.NotContains(t, r.Body, "Sesame", "the answer is not quoted")
		assert.Contains(t, s.metrics.String(), `"OutputTokens":9`, "they are billed")
	}
}

// The reason is told by finish_reason in these cases, and OpenAI's clients look there.
func TestIncompleteAnswersKeepTheirFinishReason(t *testing.T) {
	for reason, want := range map[string]string{chat.MaxTokens: "length", chat.ContextWindow: "length", chat.Filtered: "content_filter", chat.Guardrail: "content_filter", chat.ToolUse: "tool_calls"} {
		s := newSetup()
		s.fake.done = chat.Completion{Choices: []chat.Choice{{Text: `{"na`, StopReason: reason}}}
		r := s.do(t, postChat(openAI(citySchema)))
		require.Equal(t, http.StatusOK, r.StatusCode)
		assert.Contains(t, r.Body, `"finish_reason":"`+want+`"`)
	}
}

func TestWritesEveryChoice(t *testing.T) {
	s := newSetup()
	s.fake.done = chat.Completion{
		Choices: []chat.Choice{
			{Text: "a", StopReason: chat.EndTurn, Logprobs: json.RawMessage(`{"content":[]}`)},
			{Refusal: "No.", StopReason: chat.Other},
		},
		Usage: chat.Usage{InputTokens: 10, OutputTokens: 5, TotalTokens: 15, CachedTokens: 8, ReasoningTokens: 2},
	}
	r := s.do(t, postChat(openAI(`"n":2`)))
	var answer struct {
		Choices json.RawMessage
		Usage   json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(r.Body), &answer))
	assert.JSONEq(t, `[
		{"index":0,"message":{"role":"assistant","content":"a","refusal":null},"logprobs":{"content":[]},"finish_reason":"stop"},
		{"index":1,"message":{"role":"assistant","content":null,"refusal":"No."},"logprobs":null,"finish_reason":"stop"}]`, string(answer.Choices))
	assert.JSONEq(t, `{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":8},
		"completion_tokens_details":{"reasoning_tokens":2}}`, string(answer.Usage))
}

func TestFinishReasons(t *testing.T) {
	for reason, want := range map[string]string{
		chat.EndTurn: "stop", chat.StopSequence: "stop", chat.Other: "stop", chat.MaxTokens: "length", chat.ContextWindow: "length",
		chat.Filtered: "content_filter", chat.Guardrail: "content_filter", chat.ToolUse: "tool_calls",
	} {
		assert.Equal(t, want, finishReason(chat.Choice{StopReason: reason}))
	}
}

// A limit that only the settings have is no change of the request.
func TestAModelsOwnLimitIsNotReported(t *testing.T) {
	s := newSetup()
	s.Limits.RefuseUnsupported = true
	s.fake.adaptation = chat.Adaptation{Clamped: []chat.Clamp{{Member: "max_tokens", Limit: "50"}}}
	for _, e := range []event{post(hello), postChat(helloChat)} {
		r := s.do(t, e)
		assert.Equal(t, http.StatusOK, r.StatusCode, r.Body)
		assert.NotContains(t, r.Headers, clampedHeader)
	}
	r := s.do(t, post(`{"messages":[`+user+`],"max_tokens":60}`))
	assert.Equal(t, "/max_tokens", problemIn(t, r).Errors[0].Pointer)
}

func TestReportsMembersOfCalls(t *testing.T) {
	r := newSetup().do(t, postChat(conversation(user+`,{"role":"assistant","tool_calls":[{"id":"1","type":"function","extra_content":{},
		"function":{"name":"f","arguments":"{}","parsed":1}}]},{"role":"tool","tool_call_id":"1","content":[]}`)))
	assert.Equal(t, http.StatusOK, r.StatusCode, r.Body)
	assert.Equal(t, "messages.tool_calls.extra_content, messages.tool_calls.function.parsed", r.Headers[droppedHeader])
}

func TestConversationsThatAreTooLong(t *testing.T) {
	s := newSetup()
	s.fake.err = &chat.Rejection{TooLong: true, Reason: "x"}
	r := s.do(t, postChat(helloChat))
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Equal(t, "context_length_exceeded", problemIn(t, r).Code)
	assert.Contains(t, problemIn(t, r).Error.Message, "maximum context length")
}

// Each retry would be paid.
func TestClientsDoNotRetryWhatWasPaid(t *testing.T) {
	for err, want := range map[error]string{chat.ErrMalformed: "false", chat.ErrTimeout: "false", errors.New("x"): "false", chat.ErrBusy: "", chat.ErrUnavailable: "", chat.ErrRejected: ""} {
		s := newSetup()
		s.fake.err = err
		assert.Equal(t, want, s.do(t, postChat(helloChat)).Headers["x-should-retry"], err.Error())
	}
}

func TestMalformedAnswers(t *testing.T) {
	s := newSetup()
	s.fake.err = chat.ErrMalformed
	assert.Equal(t, codeMalformedAnswer, problemIn(t, s.do(t, postChat(helloChat))).Code)
}

func TestAnswersAreNotEscapedForHTML(t *testing.T) {
	s := newSetup()
	s.fake.done = chat.Completion{Choices: []chat.Choice{{Text: "<b>&", StopReason: chat.EndTurn}}}
	assert.Contains(t, s.do(t, postChat(helloChat)).Body, `"content":"<b>&"`)
}

func TestNamesTheMembersThatTheModelRejected(t *testing.T) {
	s := newSetup()
	s.fake.err = &chat.Rejection{Members: []string{"temperature", "top_p"}, Reason: "cannot both be specified"}
	r := s.do(t, postChat(helloChat))
	p := problemIn(t, r)
	assert.Equal(t, codeRejected, p.Code)
	assert.Equal(t, "/temperature", *p.Error.Param)
	assert.Equal(t, "/top_p", p.Errors[1].Pointer)
	assert.NotContains(t, r.Body, "cannot both")
	assert.Contains(t, s.logs.String(), "cannot both be specified")
}

func TestVersionedPaths(t *testing.T) {
	for path, body := range map[string]string{"/api/v1/chat/completions": helloChat, "/api/v1/models": "", "/api/v1/models/" + testModel: ""} {
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		assert.Equal(t, http.StatusOK, newSetup().do(t, request(method, path, body)).StatusCode, path)
	}
	for _, path := range []string{"/api/v1", "/api/v1/", "/api/v1/v1/models", "/api/v2/models"} {
		assert.Equal(t, http.StatusNotFound, newSetup().do(t, request(http.MethodGet, path, "")).StatusCode, path)
	}
}

func TestRetrievesAModel(t *testing.T) {
	for path, want := range map[string]string{
		"amazon.nova-micro-v1:0":   testModel,
		"amazon.nova-micro-v1%3A0": testModel,
		embeddingModel:             embeddingModel,
		"arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile%2Fabc": embeddingModel,
	} {
		r := newSetup().do(t, request(http.MethodGet, "/api/models/"+path, ""))
		require.Equal(t, http.StatusOK, r.StatusCode, path)
		var model struct {
			ID, Object string
			RequestID  string `json:"request_id"`
		}
		require.NoError(t, json.Unmarshal([]byte(r.Body), &model))
		assert.Equal(t, want, model.ID)
		assert.Equal(t, "model", model.Object)
		assert.Equal(t, apiID, model.RequestID)
	}
	for _, path := range []string{"gpt-4o", "amazon.nova-micro-v1", "%", "a%2Fb"} {
		r := newSetup().do(t, request(http.MethodGet, "/api/models/"+path, ""))
		assert.Equal(t, http.StatusNotFound, r.StatusCode, path)
		assert.Equal(t, codeModelNotFound, problemIn(t, r).Code)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, newSetup().do(t, request(http.MethodDelete, "/api/models/"+testModel, "")).StatusCode)
}
