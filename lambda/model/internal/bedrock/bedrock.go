// Package bedrock implements the backend for models of Amazon Bedrock, with its Converse
// and ConverseStream operations for conversations and InvokeModel for embeddings.
//
// What a model accepts is in the table of families, from which [Provider.Adapt] decides.
// A plan has the decisions about one request, an input is the request as Bedrock gets it,
// and a reply makes the completion, in pieces or whole.
package bedrock

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// API is the part of Bedrock that is used: a [bedrockruntime.Client].
type API interface {
	Converse(context.Context, *bedrockruntime.ConverseInput, ...func(*bedrockruntime.Options)) (*bedrockruntime.ConverseOutput, error)
	ConverseStream(context.Context, *bedrockruntime.ConverseStreamInput, ...func(*bedrockruntime.Options)) (*bedrockruntime.ConverseStreamOutput, error)
	InvokeModel(context.Context, *bedrockruntime.InvokeModelInput, ...func(*bedrockruntime.Options)) (*bedrockruntime.InvokeModelOutput, error)
}

var _ API = (*bedrockruntime.Client)(nil)

// Guardrail identifies the guardrail for conversations and completions; none if ID is
// empty.
type Guardrail struct{ ID, Version string }

// Provider calls models of Bedrock. It implements [chat.Provider].
type Provider struct {
	API       API
	Guardrail Guardrail

	// GuardrailStreaming is the mode in which the guardrail processes streams: sync holds
	// pieces back until they are checked, async doesn't, and masks nothing. If it is empty,
	// Bedrock's default applies, sync.
	GuardrailStreaming string

	// Probe is the model that the readiness check calls.
	Probe string

	// PromptCaching says whether requests have cache points, for the models that have
	// them.
	PromptCaching bool

	// Foundations maps ARNs of application inference profiles to the ids of their
	// foundation models, from which it is known what the profile's model accepts.
	Foundations map[string]string
}

var _ chat.Provider = (*Provider)(nil)

// foundation returns the id by which the family of a model is known.
func (p *Provider) foundation(model string) string {
	if id, ok := p.Foundations[model]; ok {
		return id
	}
	return model
}

func (p *Provider) familyOf(model string) *family { return familyOf(p.foundation(model)) }

// Complete implements [chat.Provider].
func (p *Provider) Complete(ctx context.Context, c chat.Conversation) (chat.Completion, error) {
	return p.converse(ctx, p.plan(&c), nil)
}

func (p *Provider) plan(c *chat.Conversation) *plan {
	plan := newPlan(p.familyOf(c.Model), c)
	plan.version = versionOf(p.foundation(c.Model))
	return plan
}

// converse requests a completion that isn't in a stream.
func (p *Provider) converse(ctx context.Context, plan *plan, emit func(chat.Delta) error) (chat.Completion, error) {
	in, err := p.input(plan)
	if err != nil {
		return chat.Completion{}, chat.NotComputed(err)
	}
	out, err := p.API.Converse(ctx, in)
	if err != nil {
		return chat.Completion{}, callMeaning(err)
	}
	return completionOf(plan, out, emit)
}

// Ready implements [chat.Provider]. It sends a message without content, which Bedrock
// rejects before it calls the model, so that it uses no tokens. Success means that
// Bedrock can be reached and accepts the role's credentials. AWS doesn't document whether
// it checks permissions, access to the model and the guardrail before the content: if it
// does not, the first conversation is the first check of those.
func (p *Provider) Ready(ctx context.Context) error {
	_, err := p.API.Converse(ctx, &bedrockruntime.ConverseInput{
		ModelId:         aws.String(p.Probe),
		GuardrailConfig: p.guardrail(),
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(1)},
		Messages:        []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{}}},
	}, func(o *bedrockruntime.Options) { o.Retryer = aws.NopRetryer{} })
	if err = meaning(err); errors.Is(err, chat.ErrRejected) || errors.Is(err, chat.ErrBusy) {
		return nil // it has processed the request, or is reachable but busy
	}
	return err
}

var version = regexp.MustCompile(`-(v[0-9]+(?::[0-9a-z]+)*|[0-9]+(?::[0-9a-z]+)+)$`)

// versionOf returns the version at the end of a model's id, or an empty string.
func versionOf(model string) string {
	if found := version.FindStringSubmatch(model); found != nil {
		return found[1]
	}
	return ""
}

// Describe implements [chat.Provider]. Ids of models are of the form
// provider.name-version, those of inference profiles have the geography before.
func (p *Provider) Describe(model string) chat.Description {
	id := p.foundation(model)
	d := chat.Description{Version: versionOf(id)}
	d.Owner, _, _ = strings.Cut(baseID(id), ".")
	switch f := familyOf(id); {
	case f.embedding != nil:
		d.Kind = chat.KindEmbedding
	case f.known():
		d.Kind = chat.KindChat
	}
	return d
}
