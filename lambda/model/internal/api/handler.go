// Package api is the public API: it makes of API Gateway's events what a backend is
// asked, and of what that says, answers in the shapes that openapi.yaml describes.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// margin is how long before Lambda ends the invocation the model is given up, so
// that there is time to say so.
const margin = time.Second

// retryAfter is what a client is told to wait, in seconds, when the model is busy or
// away.
const retryAfter = "5"

// Limits are what requests may ask for.
type Limits struct {
	Models    []string // that may be asked; the first is the default
	MaxTokens int      // the most that one answer may have
	MaxBody   int      // of a request, in bytes
}

// Config is what a [Handler] needs beside a backend.
type Config struct {
	Prefix     string // of all paths: "/api"
	Limits     Limits
	Stack      string // the metrics' dimension
	LogContent bool   // conversations and answers too
	Log        *slog.Logger
	Metrics    io.Writer // gets a line in CloudWatch's embedded metric format for each request
}

// Handler answers events of an HTTP API. It implements [lambda.Handler] itself, so
// that an event is decoded only as far as needed.
type Handler struct {
	Config

	provider chat.Provider
	paths    map[string]methods
	ready    readiness
	now      func() time.Time
}

// New returns a handler that lets provider answer.
func New(config Config, provider chat.Provider) *Handler {
	h := &Handler{
		Config:   config,
		provider: provider,
		now:      time.Now,
	}
	h.paths = h.routes()
	return h
}

// exchange is a request and what has become of it.
type exchange struct {
	event   *event
	id      string
	began   time.Time
	probe   bool // of health: not counted
	problem *problem

	model string        // that was asked; empty if none was
	asked time.Duration // that it took
	done  chat.Completion
	cause error // of a problem that comes from the backend
}

// Invoke answers one event, and logs one line about it that contains nothing of the
// conversation unless that is wanted.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	parsed, err := parseEvent(payload)
	if err != nil {
		return nil, err
	}
	e := &exchange{event: &parsed, id: parsed.id(), began: h.now()}
	var a *answer
	a, e.problem = h.serve(ctx, e)
	h.observe(ctx, e)
	r, err := render(e.id, parsed.RequestContext.HTTP.Method, a, e.problem)
	if err != nil {
		return nil, err
	}
	return json.Marshal(r)
}

// shape is one way to ask for a completion, and to be answered.
type shape interface {
	read(r *reader, body any, limits Limits) chat.Conversation
	write(e exchange) any
}

// complete asks the model.
func (h *Handler) complete(s shape) endpoint {
	return func(ctx context.Context, e *exchange) (*answer, *problem) {
		c, problem := h.conversation(e, s)
		if problem != nil {
			return nil, problem
		}
		e.model = c.Model
		untilMargin, cancel := withMargin(ctx)
		defer cancel()
		asked := h.now()
		e.done, e.cause = h.provider.Complete(untilMargin, c)
		e.asked = h.now().Sub(asked)
		h.logContent(ctx, e, c)
		if e.cause != nil {
			return nil, problemOf(e.cause)
		}
		return asJSON(s.write(*e)), nil
	}
}

func (h *Handler) conversation(e *exchange, s shape) (chat.Conversation, *problem) {
	body, problem := readBody(e.event, h.Limits.MaxBody)
	if problem != nil {
		return chat.Conversation{}, problem
	}
	r := &reader{}
	c := s.read(r, body, h.Limits)
	switch {
	case asksForStream(body):
		return c, newProblem(unprocessableContent, codeStreaming, "Answers can't be streamed: the API has no way to. Ask without stream.", r.faults...)
	case len(r.faults) > 0:
		return c, newProblem(unprocessableContent, codeInvalidBody, "The body is not what this API takes.", r.faults...)
	case !slices.Contains(h.Limits.Models, c.Model):
		return c, newProblem(notFound, codeModelNotFound, "There is no such model here. GET "+h.Prefix+"/models lists those that there are.")
	}
	return c, nil
}

// asksForStream reports whether that, of all that may be wrong, is what the client
// has to hear.
func asksForStream(body any) bool {
	object, _ := body.(map[string]any)
	return object["stream"] == true
}

func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

// problemOf tells a client what an error of the backend means, and no more.
func problemOf(err error) *problem {
	switch {
	case errors.Is(err, chat.ErrBusy):
		return newProblem(tooManyRequests, codeBusy, "The model has too many requests. Try again later.").with("retry-after", retryAfter)
	case errors.Is(err, chat.ErrTimeout):
		return newProblem(gatewayTimeout, codeTimeout, "The model took too long. Ask for fewer tokens, or try again.")
	case errors.Is(err, chat.ErrRejected):
		return newProblem(unprocessableContent, codeRejected, "The model does not accept this request: it may be too long, or use something that the model lacks.")
	case errors.Is(err, chat.ErrUnavailable):
		return newProblem(serviceUnavailable, codeUnavailable, "The model can't be reached. Try again later.").with("retry-after", retryAfter)
	}
	return newProblem(badGateway, codeModelFailed, "The model did not answer.")
}
