package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// path is the one resource that is served.
const path = "/api/models"

// margin is how long before Lambda ends the invocation the model is given up, so
// that there is time to say so.
const margin = time.Second

// retryAfter is what a client is told to wait, in seconds, when the model is busy.
const retryAfter = "5"

// handler answers events of an HTTP API, payload format 2.0.
type handler struct {
	provider  provider
	model     string
	maxTokens int
	log       *slog.Logger
}

// answer is the body of an answer that is no problem.
type answer struct {
	Model      string `json:"model"`
	Text       string `json:"text"`
	StopReason string `json:"stop_reason"`
	Usage      usage  `json:"usage"`
	RequestID  string `json:"request_id"`
}

// handle answers one event, and logs one line about it that contains nothing of the
// conversation.
func (h *handler) handle(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	began := time.Now()
	requestID := event.RequestContext.RequestID
	done, problem, cause := h.serve(ctx, event)
	log := h.log.With("requestId", requestID, "milliseconds", time.Since(began).Milliseconds())
	switch {
	case cause != nil:
		log.ErrorContext(ctx, "the model failed", "status", problem.Status, "error", cause)
		return problem.response(requestID)
	case problem != nil:
		log.InfoContext(ctx, "refused", "status", problem.Status)
		return problem.response(requestID)
	}
	log.InfoContext(ctx, "answered", "status", http.StatusOK, "model", h.model, "stopReason", done.stopReason,
		"inputTokens", done.usage.InputTokens, "outputTokens", done.usage.OutputTokens)
	return jsonResponse(http.StatusOK, "application/json", answer{
		Model:      h.model,
		Text:       done.text,
		StopReason: done.stopReason,
		Usage:      done.usage,
		RequestID:  requestID,
	})
}

// serve returns the completion, or the problem and, if it is not the client's, its
// cause.
func (h *handler) serve(ctx context.Context, event events.APIGatewayV2HTTPRequest) (completion, *problem, error) {
	if event.RawPath != path {
		return completion{}, newProblem(http.StatusNotFound, "There is nothing here. Models answer at "+path+"."), nil
	}
	if event.RequestContext.HTTP.Method != http.MethodPost {
		return completion{}, newProblem(http.StatusMethodNotAllowed, "Only POST is allowed here.").with("allow", http.MethodPost), nil
	}
	c, problem := readBody(event, h.maxTokens)
	if problem != nil {
		return completion{}, problem, nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	done, err := h.provider.complete(ctx, c)
	if err != nil {
		return completion{}, problemOf(err), err
	}
	return done, nil, nil
}

// problemOf tells a client what an error of the provider means, and no more.
func problemOf(err error) *problem {
	switch {
	case errors.Is(err, errBusy):
		return newProblem(http.StatusTooManyRequests, "The model has too many requests. Try again later.").with("retry-after", retryAfter)
	case errors.Is(err, errTimeout):
		return newProblem(http.StatusGatewayTimeout, "The model took too long. Ask for fewer tokens, or try again.")
	case errors.Is(err, errRejected):
		return newProblem(http.StatusUnprocessableEntity, "The model does not accept this request: it may be too long, or use something that the model lacks.")
	}
	return newProblem(http.StatusBadGateway, "The model did not answer.")
}
