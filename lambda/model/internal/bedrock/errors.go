package bedrock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// meanings maps codes of Bedrock's errors. A client needs no more of other errors than
// that the call failed.
var meanings = map[string]error{
	"ThrottlingException":           chat.ErrBusy,
	"ServiceQuotaExceededException": chat.ErrBusy,
	"ModelTimeoutException":         chat.ErrTimeout,
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
	case failures[apiErr.ErrorCode()]:
		return failed(apiErr)
	case apiErr.ErrorCode() == "ValidationException":
		return chat.Reject(apiErr.ErrorMessage())
	}
	detail := apiErr.ErrorCode()
	if deniesCaching(apiErr) {
		return errors.New("bedrock: the model doesn't accept cache points, though the table of families says so: " +
			"set gatehouse:modelPromptCaching to false")
	}
	if quotable[detail] {
		detail += ": " + apiErr.ErrorMessage()
	}
	if kind := meanings[apiErr.ErrorCode()]; kind != nil {
		return fmt.Errorf("%w: bedrock: %s", kind, detail)
	}
	return fmt.Errorf("bedrock: %s", detail)
}

// rejections are the codes of the errors of requests that Bedrock rejects before a model
// processes them. In a stream, the same codes may come after a part of the reply.
var rejections = map[string]bool{
	"ThrottlingException": true, "ServiceQuotaExceededException": true, "ServiceUnavailableException": true, "ModelNotReadyException": true,
	"ValidationException": true, "AccessDeniedException": true, "ResourceNotFoundException": true, "UnrecognizedClientException": true,
}

// callMeaning returns the meaning of an error of a call, which is marked if surely no model
// computed anything. Errors of a stream that has begun are never marked.
func callMeaning(err error) error {
	var apiErr smithy.APIError
	rejected := errors.As(err, &apiErr) && rejections[apiErr.ErrorCode()]
	if meant := meaning(err); (rejected || neverSent(err)) && !errors.Is(meant, chat.ErrTimeout) {
		return chat.NotComputed(meant)
	}
	return meaning(err)
}

// deniesCaching reports whether Bedrock rejects cache points, which it does as if access
// to the model were missing (https://github.com/BerriAI/litellm/pull/39210).
func deniesCaching(err smithy.APIError) bool {
	return err.ErrorCode() == "AccessDeniedException" && strings.Contains(strings.ToLower(err.ErrorMessage()), "prompt caching")
}

// failures are the codes of errors of a model that failed while it generated its reply.
var failures = map[string]bool{"ModelErrorException": true, "ModelStreamErrorException": true}

// failed returns the error of a model that failed. Nova does if it calls a tool in a form
// that can't be read:
// https://docs.aws.amazon.com/nova/latest/userguide/prompting-tool-troubleshooting.html
func failed(err smithy.APIError) error {
	reason, _ := chat.Reason(err.ErrorMessage())
	if strings.Contains(err.ErrorMessage(), "invalid sequence as part of ToolUse") {
		return fmt.Errorf("%w: bedrock: %s: %s", chat.ErrMalformed, err.ErrorCode(), reason)
	}
	return fmt.Errorf("bedrock: %s: %s", err.ErrorCode(), reason)
}

// neverSent reports whether there was no connection, so that the request was not sent.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// NewRetryer returns a retryer for requests that Bedrock rejected before a model
// processed them. In a stream, that is before the first event.
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
