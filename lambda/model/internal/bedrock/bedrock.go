// Package bedrock implements the backend for models of Amazon Bedrock, with its Converse
// operation.
package bedrock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// API is the part of Bedrock that is used: a [bedrockruntime.Client].
type API interface {
	Converse(context.Context, *bedrockruntime.ConverseInput, ...func(*bedrockruntime.Options)) (*bedrockruntime.ConverseOutput, error)
}

var _ API = (*bedrockruntime.Client)(nil)

// Guardrail identifies the guardrail for conversations and completions; none if ID is
// empty.
type Guardrail struct{ ID, Version string }

// Provider calls models of Bedrock. It implements [chat.Provider].
type Provider struct {
	API       API
	Guardrail Guardrail

	// Probe is the model that the readiness check calls.
	Probe string
}

var _ chat.Provider = (*Provider)(nil)

// Complete implements [chat.Provider].
func (p *Provider) Complete(ctx context.Context, c chat.Conversation) (chat.Completion, error) {
	out, err := p.API.Converse(ctx, p.input(c))
	if err != nil {
		return chat.Completion{}, meaning(err)
	}
	done, err := completionOf(out)
	done.Version = p.Describe(c.Model).Version
	return done, err
}

func (p *Provider) input(c chat.Conversation) *bedrockruntime.ConverseInput {
	in := &bedrockruntime.ConverseInput{
		ModelId:         aws.String(c.Model),
		GuardrailConfig: p.guardrail(),
		InferenceConfig: &types.InferenceConfiguration{
			MaxTokens:     aws.Int32(int32(c.MaxTokens)),
			Temperature:   float32Of(c.Temperature),
			TopP:          float32Of(c.TopP),
			StopSequences: c.Stop,
		},
	}
	for _, m := range c.Messages {
		if m.Role == chat.RoleSystem {
			for _, text := range m.Content {
				in.System = append(in.System, &types.SystemContentBlockMemberText{Value: text})
			}
			continue
		}
		role := types.ConversationRole(m.Role)
		// Converse requires alternating roles.
		if last := len(in.Messages) - 1; last < 0 || in.Messages[last].Role != role {
			in.Messages = append(in.Messages, types.Message{Role: role})
		}
		last := &in.Messages[len(in.Messages)-1]
		for _, text := range m.Content {
			last.Content = append(last.Content, &types.ContentBlockMemberText{Value: text})
		}
	}
	return in
}

func (p *Provider) guardrail() *types.GuardrailConfiguration {
	if p.Guardrail.ID == "" {
		return nil
	}
	return &types.GuardrailConfiguration{
		GuardrailIdentifier: aws.String(p.Guardrail.ID),
		GuardrailVersion:    aws.String(p.Guardrail.Version),
	}
}

func float32Of(number *float64) *float32 {
	if number == nil {
		return nil
	}
	return aws.Float32(float32(*number))
}

func completionOf(out *bedrockruntime.ConverseOutput) (chat.Completion, error) {
	reply, ok := out.Output.(*types.ConverseOutputMemberMessage)
	if !ok || out.Usage == nil {
		return chat.Completion{}, errors.New("bedrock: the response lacks a message or its usage")
	}
	var text strings.Builder
	for _, block := range reply.Value.Content {
		if part, ok := block.(*types.ContentBlockMemberText); ok {
			text.WriteString(part.Value)
		}
	}
	return chat.Completion{
		Text:       text.String(),
		StopReason: stopReason(out.StopReason),
		Usage: chat.Usage{
			InputTokens:  int(aws.ToInt32(out.Usage.InputTokens)),
			OutputTokens: int(aws.ToInt32(out.Usage.OutputTokens)),
			TotalTokens:  int(aws.ToInt32(out.Usage.TotalTokens)),
		},
	}, nil
}

func stopReason(reason types.StopReason) string {
	switch reason {
	case types.StopReasonEndTurn:
		return chat.EndTurn
	case types.StopReasonStopSequence:
		return chat.StopSequence
	case types.StopReasonMaxTokens:
		return chat.MaxTokens
	case types.StopReasonModelContextWindowExceeded:
		return chat.ContextWindow
	case types.StopReasonContentFiltered:
		return chat.Filtered
	case types.StopReasonGuardrailIntervened:
		return chat.Guardrail
	}
	return chat.Other
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

var (
	geography = regexp.MustCompile(`^(?:[a-z]{2}|us-gov|apac|global)\.`)
	version   = regexp.MustCompile(`-(v[0-9]+(?::[0-9a-z]+)*|[0-9]+(?::[0-9a-z]+)+)$`)
)

// Describe implements [chat.Provider]. Ids of models are of the form
// provider.name-version, those of inference profiles have the geography before.
func (p *Provider) Describe(model string) chat.Description {
	var d chat.Description
	d.Owner, _, _ = strings.Cut(geography.ReplaceAllString(model, ""), ".")
	if found := version.FindStringSubmatch(model); found != nil {
		d.Version = found[1]
	}
	return d
}

// meanings maps codes of Bedrock's errors. A client needs no more of other errors than
// that the call failed.
var meanings = map[string]error{
	"ThrottlingException":           chat.ErrBusy,
	"ServiceQuotaExceededException": chat.ErrBusy,
	"ModelTimeoutException":         chat.ErrTimeout,
	"ValidationException":           chat.ErrRejected,
	"ServiceUnavailableException":   chat.ErrUnavailable,
	"ModelNotReadyException":        chat.ErrUnavailable,
}

// quotable are the codes of errors whose message an operator needs. Other messages are
// left out: they may quote the conversation.
var quotable = map[string]bool{"AccessDeniedException": true, "ResourceNotFoundException": true, "UnrecognizedClientException": true}

// meaning wraps an error in the [chat] error that it means to a client.
func meaning(err error) error {
	var (
		apiErr  smithy.APIError
		misread *smithy.DeserializationError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", chat.ErrTimeout, err)
	case neverSent(err):
		return fmt.Errorf("%w: %w", chat.ErrUnavailable, err)
	case errors.As(err, &misread):
		return errors.New("bedrock: the response can't be decoded")
	case !errors.As(err, &apiErr):
		return err
	}
	detail := apiErr.ErrorCode()
	if quotable[detail] {
		detail += ": " + apiErr.ErrorMessage()
	}
	if kind := meanings[apiErr.ErrorCode()]; kind != nil {
		return fmt.Errorf("%w: bedrock: %s", kind, detail)
	}
	return fmt.Errorf("bedrock: %s", detail)
}

// neverSent reports whether there was no connection, so that the request was not sent.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// NewRetryer returns a retryer for requests that Bedrock rejected before a model
// processed them.
func NewRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = chat.Attempts
		o.Backoff = retry.BackoffDelayerFunc(func(attempts int, _ error) (time.Duration, error) {
			return chat.Backoff(attempts), nil
		})
		o.Retryables = []retry.IsErrorRetryable{
			retry.NoRetryCanceledError{},
			retry.RetryableErrorCode{Codes: map[string]struct{}{
				"ThrottlingException": {}, "ServiceUnavailableException": {}, "ModelNotReadyException": {},
			}},
			retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
				if neverSent(err) {
					return aws.TrueTernary
				}
				return aws.UnknownTernary
			}),
		}
	})
}
