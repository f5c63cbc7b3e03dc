package bedrock

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

var update = flag.Bool("update", false, "write the golden files")

const citySchema = `{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city","days"],"additionalProperties":false}`

// goldenModels are one model of each family that differs in the requests below.
var goldenModels = map[string]string{
	"claude-3-5": claude35Model, "claude-3-7": claude37Model, "claude-4-5": claude45Model, "claude-4-6": claude46Model,
	"claude-4-7": claude47Model, "claude-5": claude5Model, "nova": novaModel, "nova-2": nova2Model, "llama": llamaModel,
	"mistral-7b": mistralModel, "mistral-large": "mistral.pixtral-large-2502-v1:0", "r1": r1Model,
	"gpt-5": "us.openai.gpt-5.6-luna", "gpt-oss": ossModel, "unknown": novelModel,
}

// goldenCases are the conversations whose requests are in testdata, one file each. A
// request that is the same for several families is there once.
var goldenCases = map[string]chat.Conversation{
	"sampling": {
		Messages:  []chat.Message{message(chat.RoleSystem, "Be brief.", " "), user("Hello"), assistant(""), user("again")},
		MaxTokens: 4096, Temperature: aws.Float64(1.5), TopP: aws.Float64(0.9), Stop: []string{"END", "\n"},
		PassThrough: map[string]json.RawMessage{"top_k": json.RawMessage("5")},
	},
	"tools": {
		Messages: append(twoCalls(),
			chat.Message{Role: chat.RoleTool, ToolCallID: "call:2", ToolFailed: true, Content: []chat.Part{{Text: "timeout"}}},
			user("And tomorrow?")),
		MaxTokens: 4096,
		Tools: []chat.Tool{
			{Name: "weather", Description: "Gives the weather.", Parameters: json.RawMessage(citySchema), Strict: true},
			{Name: "ns.time", Description: " "},
		},
		ToolChoice:        chat.ToolChoice{Mode: chat.ChooseTool, Name: "ns.time"},
		ParallelToolCalls: aws.Bool(false),
	},
	"history": {Messages: append(toolLoop(), message(chat.RoleAssistant, "It rains."), user("Thanks")), MaxTokens: 4096},
	"media": {
		Messages: []chat.Message{{Role: chat.RoleUser, Content: []chat.Part{
			{Image: &chat.Image{Format: "png", Data: []byte("png"), Width: 1, Height: 1}},
			{File: &chat.File{Format: "pdf", Name: "secret.pdf", Data: []byte("pdf")}},
		}}},
		MaxTokens: 4096,
	},
	"schema": {
		Messages: []chat.Message{user("Two days in Bonn.")}, MaxTokens: 4096,
		Format: chat.Format{Type: chat.FormatSchema, Name: "trip", Description: "A trip.", Schema: json.RawMessage(citySchema), Strict: true},
	},
	"schema-and-tools": {
		Messages: []chat.Message{user("Two days in Bonn.")}, MaxTokens: 4096,
		Tools:  []chat.Tool{{Name: "answer", Parameters: json.RawMessage(citySchema)}},
		Format: chat.Format{Type: chat.FormatSchema, Name: "trip", Schema: json.RawMessage(`{"type":"object","properties":{"days":{"type":"integer","minimum":1}}}`)},
	},
	"definitions": {
		Messages: []chat.Message{user("To Bonn.")}, MaxTokens: 4096,
		Tools: []chat.Tool{{Name: "go", Parameters: json.RawMessage(nestedSchema)}},
	},
	"definitions-in-answer": {
		Messages: []chat.Message{user("To Bonn.")}, MaxTokens: 4096,
		Format: chat.Format{Type: chat.FormatSchema, Name: "trip", Schema: json.RawMessage(nestedSchema)},
	},
	"text-beside-tools": {
		Messages: append(textBesideCalls(), user("And tomorrow?")), MaxTokens: 4096, Tools: []chat.Tool{{Name: "weather"}},
	},
	"json": {Messages: []chat.Message{user("Two days in Bonn.")}, MaxTokens: 4096, Format: chat.Format{Type: chat.FormatJSON}},
	"reasoning": {
		Messages:  toolLoop(chat.Reasoning{Text: "They want the weather.", Signature: "c2ln"}, chat.Reasoning{Redacted: []byte("secret")}),
		MaxTokens: 8192, ReasoningEffort: "high", Tools: []chat.Tool{{Name: "weather"}},
	},
	"prefill": {Messages: []chat.Message{user("Count."), assistant("1, 2, \n")}, MaxTokens: 4096, ReasoningEffort: "low"},
	"results": {
		Messages: []chat.Message{
			user("Look."),
			{Role: chat.RoleAssistant, ToolCalls: []chat.ToolCall{{ID: "a", Name: "look", Arguments: `{"cut": "of`}}},
			{Role: chat.RoleTool, ToolCallID: "a", ToolFailed: true, Content: []chat.Part{{Text: " "}, {Image: &chat.Image{Format: "jpeg", Data: []byte("jpeg"), Width: 1, Height: 1}}}},
		},
		MaxTokens: 4096, Tools: []chat.Tool{{Name: "look"}}, ParallelToolCalls: aws.Bool(false),
	},
	"no-reasoning": {Messages: []chat.Message{user("Hello")}, MaxTokens: 4096, ReasoningEffort: "none"},
}

// nestedSchema is a schema as Pydantic makes it of nested models.
const nestedSchema = `{"$defs":{"City":{"type":"object","title":"City","properties":{"name":{"type":"string"}},"required":["name"]}},"title":"Trip","type":"object","properties":{"to":{"$ref":"#/$defs/City","description":"where"}},"required":["to"]}`

// textBesideCalls is a history in which the model said something beside a call.
func textBesideCalls() []chat.Message {
	messages := toolLoop()
	messages[1].Content = []chat.Part{{Text: "I'll look."}}
	return messages
}

// twoCalls is a history in which two tools were called, without the second's result.
func twoCalls() []chat.Message {
	messages := toolLoop(chat.Reasoning{Text: "They want the weather.", Signature: "c2ln"})
	messages[1].ToolCalls = append(messages[1].ToolCalls, chat.ToolCall{ID: "call:2", Name: "ns.time"})
	return messages
}

// golden has the changes of a conversation and the request for it.
type golden struct {
	Dropped []string        `json:"dropped,omitempty"`
	Clamped []chat.Clamp    `json:"clamped,omitempty"`
	Refused []chat.Fault    `json:"refused,omitempty"`
	Request json.RawMessage `json:"request,omitempty"` // as Bedrock gets it
}

// TestRequestsAreAsInTestdata compares the requests that the SDK's client sends with the
// golden files. Run it with -update to write them.
func TestRequestsAreAsInTestdata(t *testing.T) {
	provider, service := before(t, answer{200, "", converseAnswer})
	for name, c := range goldenCases {
		families := map[string][]string{} // by what is sent
		for family, model := range goldenModels {
			c.Model = model
			adapted := provider.Adapt(c)
			g := golden{Dropped: adapted.Dropped, Clamped: adapted.Clamped, Refused: adapted.Refused}
			if g.Refused == nil {
				_, err := provider.Complete(t.Context(), adapted.Conversation)
				require.NoError(t, err)
				g.Request = service.requests[len(service.requests)-1].body
			}
			sent, err := json.Marshal(g)
			require.NoError(t, err)
			families[string(sent)] = append(families[string(sent)], family)
		}
		text := groups(t, families)
		file := filepath.Join("testdata", name+".json")
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(file, text, 0o644))
			continue
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(text), "%s; run the test with -update if the change is wanted", name)
	}
}

// groups returns the golden file of what is sent to which families.
func groups(t *testing.T, families map[string][]string) []byte {
	byNames := map[string]json.RawMessage{}
	for sent, names := range families {
		slices.Sort(names)
		byNames[strings.Join(names, ", ")] = json.RawMessage(sent)
	}
	text, err := json.MarshalIndent(byNames, "", "  ")
	require.NoError(t, err)
	return append(text, '\n')
}

// TestStreamedRequestsAreTheSame checks that a stream is requested with the same members.
func TestStreamedRequestsAreTheSame(t *testing.T) {
	provider, service := before(t, answer{200, "", converseAnswer})
	provider.Guardrail = Guardrail{"gr1", "2"}
	for name, c := range goldenCases {
		c.Model = claude45Model
		c = provider.Adapt(c).Conversation
		_, err := provider.Complete(t.Context(), c)
		require.NoError(t, err)
		_, err = provider.Stream(t.Context(), c, func(chat.Delta) error { return nil })
		require.Error(t, err, "the answer is no stream")
		last := len(service.requests) - 1
		assert.Equal(t, "/model/"+claude45Model+"/converse-stream", service.requests[last].path)
		assert.Contains(t, string(service.requests[last].body), `"guardrailIdentifier":"gr1","guardrailVersion":"2"`, name)
		assert.JSONEq(t, string(service.requests[last-1].body), string(service.requests[last].body), name)
	}
}
