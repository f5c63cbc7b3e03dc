// Package api implements the model API: it validates API Gateway's events, calls the
// backend, and returns responses in the formats that openapi.yaml describes. The Lambda
// function's main package serves its [Handler].
package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// margin is how long before the deadline of the invocation the model's call times out,
// which leaves time to respond.
const margin = time.Second

// settleMargin is added to margins with clients: what is left of a second and a half is
// enough for a settlement and the response.
const settleMargin = admission.SettleTimeout / 2

// retryAfter is the header Retry-After, in seconds, when the model is busy or
// unavailable.
const retryAfter = "5"

// Limits are the limits of requests.
type Limits struct {
	Models    []string // ids of the available models; the first is the default
	MaxTokens int      // maximum of one completion
	MaxBody   int      // of a request, in bytes

	// PassThrough are members of OpenAI's requests that only the backend knows.
	PassThrough []string

	// RefuseUnsupported rejects requests with members that have no effect, which are
	// dropped otherwise.
	RefuseUnsupported bool
}

// Config configures a [Handler].
type Config struct {
	Prefix     string // of all paths: "/api"
	Limits     Limits
	Stack      string // the metrics' dimension
	LogContent bool   // whether to log conversations and completions
	Log        *slog.Logger
	Metrics    io.Writer // gets a line in CloudWatch's embedded metric format for each request

	// Playground has the page to try the API served.
	Playground bool

	// Streaming is set if the handler's responses are streamed.
	Streaming *Streaming

	// Admission admits the requests of clients. If it is nil, client access is open: no
	// request needs a credential.
	Admission *admission.Admission
}

// Handler handles events of an HTTP API. It implements [lambda.Handler] itself, so that
// only the fields used of an event are decoded.
type Handler struct {
	Config

	provider  chat.Provider
	paths     map[string]methods
	ready     readiness
	now       func() time.Time
	maxStream int // of a stream, in bytes
}

// New returns a handler that calls provider for completions.
func New(config Config, provider chat.Provider) *Handler {
	h := &Handler{
		Config:    config,
		provider:  provider,
		now:       time.Now,
		maxStream: maxStream,
	}
	h.paths = h.routes()
	return h
}

// exchange is a request with its outcome, for the log and the metrics.
type exchange struct {
	event   *event
	id      string
	began   time.Time
	probe   bool       // a health check: not counted in the metrics
	call    *modelCall // nil if no model was called
	stream  *streamed  // nil if no stream was requested
	changes changes    // members that had no effect
	problem *problem
	cause   error // the backend's error that caused the problem, if one did
	client  admitted
}

// modelCall is a call of a model, completed or failed.
type modelCall struct {
	model      string
	duration   time.Duration
	completion chat.Completion
}

// Invoke handles one event, and logs one line about it, which contains nothing of the
// conversation. The content is logged separately if the settings enable it.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	parsed, err := parseEvent(payload)
	if err != nil {
		return nil, err
	}
	e := &exchange{event: &parsed, id: parsed.id(), began: h.now()}
	var done *result
	done, e.problem = h.serve(ctx, e)
	rendered, err := render(e, done)
	h.observe(ctx, e)
	return rendered, err
}

// shape is a format of requests for a completion and of their responses.
type shape interface {
	read(r *reader, body strictjson.Value) chat.Conversation
	write(e *exchange) any

	// strict reports whether a request fails if the model ignores a member of it.
	strict() bool
}

// complete returns a function that calls the model.
func (h *Handler) complete(s shape) serve {
	return func(ctx context.Context, e *exchange) (*result, *problem) {
		r := &reader{limits: h.limits(e), streams: h.Streaming != nil}
		adapted, problem := h.conversation(ctx, e, s, r)
		if problem != nil {
			return nil, problem
		}
		if problem := h.reserve(ctx, e, r, admission.ForConversation(adapted)); problem != nil {
			return nil, problem
		}
		c := adapted.Conversation
		if r.stream.requested {
			return h.stream(ctx, e, r, c)
		}
		h.call(ctx, e, c.Model, func(ctx context.Context) {
			e.call.completion, e.cause = h.provider.Complete(ctx, c)
		})
		h.logContent(ctx, e, c)
		if e.cause != nil {
			return nil, problemOf(r, e.cause)
		}
		if problem := r.checkFormat(c.Format.Type, e.call.completion); problem != nil {
			return nil, problem
		}
		return asJSON(s.write(e)), nil
	}
}

// call calls a model, with a deadline before that of the invocation, and measures it. What
// the client is charged is settled then, also if the call panics.
func (h *Handler) call(ctx context.Context, e *exchange, model string, do func(context.Context)) {
	e.call = &modelCall{model: model}
	defer func() {
		h.settle(ctx, e)
		e.client.setHeaders()
	}()
	bounded, cancel := h.withMargin(ctx)
	defer cancel()
	if h.Streaming != nil {
		bounded, cancel = context.WithTimeout(bounded, h.Streaming.AnswerTimeout)
		defer cancel()
	}
	began := h.now()
	do(bounded)
	e.call.duration = h.now().Sub(began)
}

// conversation reads and validates the conversation in a request's body, and adapts it to
// its model.
func (h *Handler) conversation(ctx context.Context, e *exchange, s shape, r *reader) (adapted chat.Adaptation, _ *problem) {
	body, problem := readBody(e.event, h.Limits.MaxBody)
	if problem != nil {
		return adapted, problem
	}
	c := s.read(r, body)
	switch {
	case requestsStream(body) && !r.stream.requested:
		return adapted, newProblem(http.StatusUnprocessableEntity, codeStreaming, "Responses can't be streamed. Send the request without stream.", r.faults...)
	case len(r.faults) > 0:
		return adapted, invalidBody(r.faults)
	}
	if problem := h.checkModel(ctx, e, c.Model); problem != nil {
		return adapted, problem
	}
	adapted = h.provider.Adapt(c)
	if len(adapted.Refused) > 0 {
		return adapted, unsupported(faultsOf(adapted.Refused))
	}
	e.changes = changesOf(r, adapted)
	if faults := e.changes.faults(); len(faults) > 0 && (s.strict() || h.Limits.RefuseUnsupported) {
		return adapted, unsupported(faults)
	}
	return adapted, nil
}

// checkModel returns a problem unless the model exists and the client may use it. One that
// it may not use doesn't exist for it.
func (h *Handler) checkModel(ctx context.Context, e *exchange, model string) *problem {
	if !slices.Contains(h.Limits.Models, model) {
		return h.noSuchModel()
	}
	return h.checkAllowed(ctx, e, model)
}

func faultsOf(refused []chat.Fault) []strictjson.Fault {
	faults := make([]strictjson.Fault, len(refused))
	for i, fault := range refused {
		faults[i] = strictjson.Fault(fault)
	}
	return faults
}

// requestsStream reports whether the client requests streaming. Where that is an error, it
// takes precedence over all others in the body.
func requestsStream(body strictjson.Value) bool { return body.Get("stream").Raw == "true" }

// withMargin returns a context that ends before the deadline of the invocation.
func (h *Handler) withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-h.margin()))
}

// margin is the time from the end of a model's call to the deadline of the invocation.
// With clients, it has that of a settlement.
func (h *Handler) margin() time.Duration {
	m := margin
	if h.Streaming != nil {
		m = streamMargin
	}
	if h.Admission != nil {
		m += settleMargin
	}
	return m
}

// problemOf returns the problem for an error of the backend, without its details.
func problemOf(r *reader, err error) *problem {
	switch {
	case errors.Is(err, chat.ErrBusy):
		return newProblem(http.StatusTooManyRequests, codeBusy, "The model has too many requests. Try again later.").with("retry-after", retryAfter)
	case errors.Is(err, chat.ErrTimeout):
		return newProblem(http.StatusGatewayTimeout, codeTimeout, r.timeoutDetail()).final()
	case errors.Is(err, chat.ErrRejected):
		return rejected(r, err)
	case errors.Is(err, chat.ErrMalformed):
		return newProblem(statusModelFailed, codeMalformedAnswer, "The model's answer is malformed. Try again.").final()
	case errors.Is(err, chat.ErrUnavailable):
		return newProblem(http.StatusServiceUnavailable, codeUnavailable, "The model can't be reached. Try again later.").with("retry-after", retryAfter)
	}
	return newProblem(statusModelFailed, codeModelFailed, "The model failed.").final()
}

// timeoutDetail describes a timeout. A stream has more time than another response.
func (r *reader) timeoutDetail() string {
	if r.streams && !r.stream.requested {
		return "The model timed out. Send the request with stream set to true, which gives it more time, or request fewer tokens."
	}
	return "The model timed out. Request fewer tokens, or try again."
}

// rejected returns the problem of a request that the model rejected. Clients shorten the
// conversation if its code and status are those of OpenAI's API.
func rejected(r *reader, err error) *problem {
	var rejection *chat.Rejection
	if !errors.As(err, &rejection) {
		rejection = &chat.Rejection{}
	}
	if rejection.TooLong {
		return newProblem(http.StatusBadRequest, codeTooLong, "The conversation exceeds the model's maximum context length. Send fewer or shorter messages.")
	}
	var concerned []strictjson.Fault
	for _, name := range rejection.Members[:min(len(rejection.Members), maxFaults)] {
		if name == olderMaxTokens && r.tokenLimit != "" {
			name = r.tokenLimit
		}
		concerned = append(concerned, strictjson.Fault{Pointer: "/" + strictjson.Escape(name), Detail: "the model rejected it"})
	}
	return newProblem(http.StatusUnprocessableEntity, codeRejected,
		"The model rejected the request: it may use a feature that the model does not support.", concerned...)
}

// statusModelFailed is the status if the model's answer can't be used.
const statusModelFailed = http.StatusBadGateway
