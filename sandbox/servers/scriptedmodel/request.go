package scriptedmodel

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// request is a request for chat completions.
type request struct {
	Model               string
	Messages            []message
	Tools               []tool
	ToolChoice          toolChoice      `json:"tool_choice"`
	ParallelToolCalls   *bool           `json:"parallel_tool_calls"`
	ResponseFormat      responseFormat  `json:"response_format"`
	ReasoningEffort     string          `json:"reasoning_effort"`
	MaxTokens           *int            `json:"max_tokens"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	Stop                stops           `json:"stop"`
	N                   *int            `json:"n"`
	Logprobs            bool            `json:"logprobs"`
	TopLogprobs         int             `json:"top_logprobs"`
	Temperature         *float64        `json:"temperature"`
	TopP                *float64        `json:"top_p"`
	Stream              bool            `json:"stream"`
	StreamOptions       streamOptions   `json:"stream_options"`
	TemplateArguments   map[string]any  `json:"chat_template_kwargs"`
	Seed                json.RawMessage `json:"seed"`
	directives          directives
}

type message struct {
	Role       string     `json:"role"`
	Name       string     `json:"name"`
	Content    content    `json:"content"`
	ToolCalls  []toolCall `json:"tool_calls"`
	ToolCallID string     `json:"tool_call_id"`
}

// content has the parts of a message. In a request it may be a string.
type content []part

type part struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Refusal  string `json:"refusal"`
	ImageURL struct {
		URL string `json:"url"`
	} `json:"image_url"`
	File struct {
		Name string `json:"filename"`
		Data string `json:"file_data"`
	} `json:"file"`
}

func (c *content) UnmarshalJSON(text []byte) error {
	var plain *string
	if json.Unmarshal(text, &plain) == nil {
		if plain != nil {
			*c = content{{Type: "text", Text: *plain}}
		}
		return nil
	}
	var parts []part
	err := json.Unmarshal(text, &parts)
	*c = parts
	return err
}

// text returns the texts of the parts, one a line.
func (c content) text() string {
	var texts []string
	for _, p := range c {
		if p.Text != "" {
			texts = append(texts, p.Text)
		}
	}
	return strings.Join(texts, "\n")
}

type toolCall struct {
	Index    *int   `json:"index,omitempty"` // in pieces of a stream only
	ID       string `json:"id,omitempty"`
	Type     string `json:"type,omitempty"`
	Function struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type tool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	} `json:"function"`
}

// toolChoice is a mode, or "tool" with the name of a tool.
type toolChoice struct{ mode, name string }

func (c *toolChoice) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &c.mode) == nil {
		return nil
	}
	var named struct{ Function struct{ Name string } }
	err := json.Unmarshal(text, &named)
	c.mode, c.name = "tool", named.Function.Name
	return err
}

// stops are stop sequences. In a request there may be a single one.
type stops []string

func (s *stops) UnmarshalJSON(text []byte) error {
	var one *string
	if json.Unmarshal(text, &one) == nil {
		if one != nil {
			*s = stops{*one}
		}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(s))
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type responseFormat struct {
	Type       string `json:"type"`
	JSONSchema struct {
		Name   string          `json:"name"`
		Schema json.RawMessage `json:"schema"`
	} `json:"json_schema"`
}

// known are the members that OpenAI's API has.
var known = strings.Fields(`audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
	max_tokens messages metadata modalities model n parallel_tool_calls prediction presence_penalty prompt_cache_key
	prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream
	stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`)

// read reads a request, and rejects what the server doesn't take.
func (s *server) read(body io.Reader) (*request, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	if s.Strict {
		for name := range members {
			if !slices.Contains(known, name) && !slices.Contains(s.Accepted, name) {
				return nil, refuse(name, "unknown_parameter", "Unknown parameter: '%s'.", name)
			}
		}
	}
	q := &request{}
	if err := json.Unmarshal(raw, q); err != nil {
		return nil, err
	}
	if err := q.takeDirectives(); err != nil {
		return nil, err
	}
	return q, q.validate()
}

func (q *request) validate() error {
	switch {
	case !slices.Contains(Models, q.Model):
		return noModel(q.Model)
	case q.Model == Embedder:
		return refuse("model", "", "This is not a chat model and thus not supported in the v1/chat/completions endpoint.")
	case q.Model == NewerNames && q.MaxTokens != nil:
		return refuse("max_tokens", "unsupported_parameter",
			"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
	case len(q.Messages) == 0:
		return refuse("messages", "empty_array", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	case q.limit() < 1:
		return refuse("max_tokens", "integer_below_min_value", "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1.")
	case q.N != nil && (*q.N < 1 || *q.N > 128):
		return refuse("n", "invalid_value", "Invalid 'n': expected a value from 1 to 128.")
	case q.Temperature != nil && (*q.Temperature < 0 || *q.Temperature > 2):
		return refuse("temperature", "decimal_above_max_value", "Invalid 'temperature': expected a value from 0 to 2.")
	case q.TopLogprobs > 0 && !q.Logprobs:
		return refuse("top_logprobs", "", "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")
	case q.TopLogprobs < 0 || q.TopLogprobs > 20:
		return refuse("top_logprobs", "", "Invalid 'top_logprobs': expected a value from 0 to 20.")
	case len(q.Tools) == 0 && q.ToolChoice.mode != "" && q.ToolChoice.mode != "none":
		return refuse("tool_choice", "", "'tool_choice' is only allowed when 'tools' are specified.")
	case q.ToolChoice.mode == "tool" && q.tool(q.ToolChoice.name) == nil:
		return refuse("tool_choice", "", "Tool choice '%s' not found in 'tools' parameter.", q.ToolChoice.name)
	}
	return q.validateResults()
}

// validateResults requires that every result is of a call before it, and that every call
// has its result, as OpenAI does.
func (q *request) validateResults() error {
	open := map[string]bool{}
	for i, m := range q.Messages {
		switch {
		case m.Role == "tool" && !open[m.ToolCallID]:
			return refuse("messages", "", "Invalid parameter: messages[%d] with role 'tool' must be a response to a preceding message with 'tool_calls'.", i)
		case m.Role == "tool":
			delete(open, m.ToolCallID)
		case len(open) > 0:
			return refuse("messages", "",
				"An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'; messages[%d] has another role.", i)
		}
		for _, call := range m.ToolCalls {
			open[call.ID] = true
		}
	}
	return nil
}

// limit returns the most tokens that the reply may have.
func (q *request) limit() int {
	switch {
	case q.MaxCompletionTokens != nil:
		return *q.MaxCompletionTokens
	case q.MaxTokens != nil:
		return *q.MaxTokens
	}
	return 1 << 20
}

// tool returns the tool of that name; nil if there is none.
func (q *request) tool(name string) *tool {
	for i := range q.Tools {
		if q.Tools[i].Function.Name == name {
			return &q.Tools[i]
		}
	}
	return nil
}

// lastOfUser returns the index of the last message of the user that has text, an image or
// a file; -1 if there is none.
func (q *request) lastOfUser() int {
	for i, m := range slices.Backward(q.Messages) {
		if m.Role == "user" && len(m.Content) > 0 {
			return i
		}
	}
	return -1
}

// instructions returns the texts of the system messages.
func (q *request) instructions() string {
	var texts []string
	for _, m := range q.Messages {
		if m.Role == "system" || m.Role == "developer" {
			texts = append(texts, m.Content.text())
		}
	}
	return strings.Join(texts, "\n")
}
