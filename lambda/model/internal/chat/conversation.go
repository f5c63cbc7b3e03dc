package chat

import "encoding/json"

// Conversation is a request for a completion. Members that are not set have the model's
// own defaults.
type Conversation struct {
	Model string // one of the models in the settings

	// Messages are the turns so far, in the order and number of the request, so that the
	// position of a message or part in an error is that in the request.
	Messages []Message

	Tools             []Tool
	ToolChoice        ToolChoice
	ParallelToolCalls *bool

	Format          Format
	ReasoningEffort string // "none", "minimal", "low", "medium", "high", "xhigh" or "max"; empty if not set

	MaxTokens   int
	Temperature *float64
	TopP        *float64
	Stop        []string

	// Options are members of OpenAI's API that no type here has, by name, as JSON texts:
	// frequency_penalty, logprobs, n, seed, user and the like. See [IsNeutral].
	Options map[string]json.RawMessage

	// PassThrough are members that OpenAI's API doesn't have, by name, as JSON texts. The
	// settings list their names.
	PassThrough map[string]json.RawMessage
}

// Message is one turn of a conversation.
type Message struct {
	Role    string
	Name    string // of the participant; empty if not set
	Content []Part // in order; may be empty

	// Of the assistant:
	ToolCalls []ToolCall
	Reasoning []Reasoning
	Refusal   string // what the model said instead of an answer; the API has it in Content

	// Of the role tool:
	ToolCallID string // of the call whose result this is
	ToolFailed bool   // whether the tool failed
}

// The roles of a message. A system message instructs the model; a tool message has the
// result of a call.
const (
	RoleSystem    = "system"
	RoleUser      = "user"
	RoleAssistant = "assistant"
	RoleTool      = "tool"
)

// Part is a part of a message: a text, unless one of the others is set.
type Part struct {
	Text  string
	Image *Image
	File  *File
}

// Image is a picture in a message.
type Image struct {
	Format        string // "png", "jpeg", "gif" or "webp"
	Data          []byte // the file
	Width, Height int    // in pixels
	Detail        string // "auto", "low" or "high"; empty if not set
}

// File is a document in a message.
type File struct {
	Format string // "pdf"
	Name   string // as the client calls it; may be empty
	Data   []byte
}

// Tool is a function that the model may call.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // JSON schema of the arguments, an object; nil for a tool without arguments
	Strict      bool            // whether arguments must match the schema
}

// ToolChoice restricts which tools the model calls.
type ToolChoice struct {
	Mode string // one of those below; empty if not set
	Name string // of the tool, if Mode is ChooseTool
}

// The modes of a tool choice.
const (
	ChooseNone     = "none"     // no tool
	ChooseAuto     = "auto"     // the model decides
	ChooseRequired = "required" // at least one tool
	ChooseTool     = "tool"     // the tool named
)

// ToolCall is a call of a tool by the model.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string // a JSON text, as the model wrote it; may be empty for no arguments
}

// Reasoning is a block of the model's reasoning.
type Reasoning struct {
	Text      string
	Signature string // with which the model recognizes its own reasoning; may be empty
	Redacted  []byte // encrypted reasoning in place of the text; nil if there is none
}

// Format is the form that the answer must have.
type Format struct {
	Type        string          // one of those below; empty for a text
	Name        string          // of the schema
	Description string          // of the schema; may be empty
	Schema      json.RawMessage // nil unless Type is FormatSchema
	Strict      bool            // whether the model is to be constrained to the schema
}

// The types of a format.
const (
	FormatJSON   = "json_object" // a JSON object
	FormatSchema = "json_schema" // a JSON value that matches a schema
)
