package admission

import (
	"encoding/json"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// Need is the most that a request may use of a model, in tokens.
type Need struct {
	Model   string
	Input   int
	Choices int // alternatives of the reply, 1 or more
	Output  int // of one choice
	Extra   int // output beside the choices
}

func (n Need) output() int { return n.Choices*n.Output + n.Extra }

// use returns the most that the request uses of a budget.
func (n Need) use(p price.Price) budget.Use {
	return budget.Use{Cost: p.Most(n.Input, n.output()), Tokens: int64(n.Input) + int64(n.output())}
}

// ForConversation returns what an adapted conversation needs. No backend raises the
// maximum number of tokens, which includes those of reasoning.
func ForConversation(a chat.Adaptation) Need {
	c := a.Conversation
	n := Need{Model: c.Model, Input: Bound(c) + a.Added, Choices: 1, Output: c.MaxTokens}
	if choices, err := strconv.ParseFloat(string(c.Options["n"]), 64); err == nil && choices > 1 {
		n.Choices = int(choices)
	}
	// Predicted tokens that the reply doesn't have are billed as output:
	// https://platform.openai.com/docs/guides/predicted-outputs
	n.Extra = len(c.Options["prediction"])
	return n
}

// ForEmbeddings returns what a request for embeddings needs: they have no output.
func ForEmbeddings(r chat.EmbeddingRequest) Need {
	input := perRequest + sizes(r.PassThrough) + perMessage*(len(r.Texts)+len(r.Tokens))
	for _, text := range r.Texts {
		input += len(text)
	}
	for _, tokens := range r.Tokens {
		input += len(tokens)
	}
	return Need{Model: r.Model, Input: input, Choices: 1}
}

// What a model's prompt has beside the texts, in tokens. Tokens that mark a message's begin,
// end and role are fewer than ten, and what a backend puts between messages is shorter
// than the rest. Anthropic documents up to 530 tokens of a prompt for tools:
// https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview#pricing
const (
	perRequest = 64
	perMessage = 16
	perTool    = 64 // names of members in the tool's definition
	forTools   = 1024
)

// Bound returns the most tokens that a conversation's input has. Each token of a tokenizer
// that works on bytes stands for a byte or more, so that a text has at most as many tokens
// as bytes. A tokenizer that first normalizes its text may make more of a few rare
// characters, and a server's model may count more for an image or a document: a request
// may thus use more than this, which is then charged, and counted as an exceeded hold.
func Bound(c chat.Conversation) int {
	bound := perRequest + sizes(c.Options) + sizes(c.PassThrough)
	hasTools := len(c.Tools) > 0 || c.Format.Type != ""
	for i := range c.Messages {
		bound += message(&c.Messages[i])
		hasTools = hasTools || len(c.Messages[i].ToolCalls) > 0 || c.Messages[i].Role == chat.RoleTool
	}
	for i := range c.Tools {
		tool := &c.Tools[i]
		bound += perTool + len(tool.Name) + len(tool.Description) + len(tool.Parameters)
	}
	bound += len(c.Format.Name) + len(c.Format.Description) + len(c.Format.Schema)
	if hasTools {
		bound += forTools
	}
	return bound
}

func message(m *chat.Message) int {
	bound := perMessage + len(m.Name) + len(m.Refusal) + len(m.ToolCallID)
	for i := range m.Content {
		bound += part(&m.Content[i])
	}
	for i := range m.ToolCalls {
		call := &m.ToolCalls[i]
		bound += perMessage + len(call.ID) + len(call.Name) + len(call.Arguments)
	}
	for i := range m.Reasoning {
		// The text may be a summary: the signature then has the whole, encrypted, and the
		// model reads that.
		block := &m.Reasoning[i]
		bound += perMessage + len(block.Text) + len(block.Signature) + len(block.Redacted)
	}
	return bound
}

// part returns the bound of a part of a message. Claude has a token for 750 pixels of an
// image: https://docs.claude.com/en/docs/build-with-claude/vision#calculate-image-costs.
// Nova documents about 800 for 900 × 450 pixels, one for 506, and fewer for a pixel of
// larger images: https://docs.aws.amazon.com/nova/latest/userguide/modalities-image.html.
// Text in a PDF is compressed, and models that see its pages as images too take those
// besides.
func part(p *chat.Part) int {
	const (
		pixelsPerToken = 500
		perImage       = 256
		perByteOfFile  = 4
	)
	switch {
	case p.Image != nil:
		return max(len(p.Image.Data), p.Image.Width*p.Image.Height/pixelsPerToken+perImage)
	case p.File != nil:
		return len(p.File.Name) + perByteOfFile*len(p.File.Data)
	}
	return len(p.Text)
}

// sizes returns the number of bytes of members that are sent as they are.
func sizes(members map[string]json.RawMessage) int {
	bytes := 0
	for name, value := range members {
		bytes += len(name) + len(value)
	}
	return bytes
}
