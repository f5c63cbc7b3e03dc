package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/gatehouse-iac/gatehouse/internal/metrics"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// observe writes the log line and the metrics of an exchange.
func (h *Handler) observe(ctx context.Context, e *exchange) {
	h.log(ctx, e)
	h.logAdmission(ctx, e)
	if !e.probe {
		h.count(ctx, e)
	}
}

func (h *Handler) log(ctx context.Context, e *exchange) {
	attrs := []slog.Attr{
		slog.String("requestId", e.id),
		slog.String("apiRequestId", e.event.RequestContext.RequestID), // as the API's own log has it
		slog.Int64("milliseconds", h.now().Sub(e.began).Milliseconds()),
	}
	if h.Streaming != nil { // the REST API has no log
		attrs = append(attrs, slog.String("originKey", e.event.RequestContext.Authorizer.Lambda.OriginKey))
	}
	level, message := slog.LevelInfo, "completed"
	attrs = append(attrs, slog.Int("status", e.status()))
	if e.problem != nil {
		message = "rejected"
		attrs = append(attrs, slog.String("code", e.problem.Code))
	}
	if e.problem != nil && e.problem.Code == codeSchemaMismatch {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Any("mismatches", e.problem.Errors))
	}
	if e.cause != nil {
		level, message = slog.LevelWarn, "the model rejected the request"
		if e.problem.Status >= http.StatusInternalServerError {
			level, message = slog.LevelError, "the model failed"
		}
		attrs = append(attrs, slog.String("error", e.cause.Error()))
	}
	attrs = append(attrs, e.client.attrs()...)
	if e.call != nil {
		attrs = append(attrs, slog.String("model", e.call.model), slog.Int64("modelMilliseconds", e.call.duration.Milliseconds()))
	}
	if e.stream != nil {
		attrs = append(attrs, e.stream.attrs()...)
	}
	if e.call != nil && e.call.completion.Usage != (chat.Usage{}) {
		attrs = append(attrs, outcome(e.call.completion)...)
	}
	if len(e.changes.dropped) > 0 {
		attrs = append(attrs, slog.Any("dropped", e.changes.dropped))
	}
	if len(e.changes.clamped) > 0 {
		attrs = append(attrs, slog.String("clamped", e.changes.limits()))
	}
	h.Log.LogAttrs(ctx, level, message, attrs...)
}

// status returns the status of the response. That of a stream stands once it has begun.
func (e *exchange) status() int {
	if e.problem == nil || e.stream != nil && e.stream.cut {
		return http.StatusOK
	}
	return e.problem.Status
}

// attrs returns what the log has of a stream.
func (s *streamed) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.Bool("streamed", true), slog.Int("chunks", s.chunks)}
	if s.answered {
		attrs = append(attrs, slog.Int64("firstTokenMilliseconds", s.firstToken.Milliseconds()))
	}
	if s.cut {
		attrs = append(attrs, slog.Bool("cut", true))
	}
	if s.left {
		attrs = append(attrs, slog.Bool("clientLeft", true))
	}
	return attrs
}

// outcome returns what the log has of a completion. Embeddings have no choices.
func outcome(done chat.Completion) []slog.Attr {
	var attrs []slog.Attr
	if len(done.Choices) > 0 {
		attrs = append(attrs, slog.String("stopReason", done.Choices[0].StopReason))
	}
	return append(attrs, slog.Int("inputTokens", done.Usage.InputTokens), slog.Int("cachedTokens", done.Usage.CachedTokens),
		slog.Int("cacheWriteTokens", done.Usage.CacheWriteTokens),
		slog.Int("outputTokens", done.Usage.OutputTokens))
}

// logContent logs a conversation and its completion if the settings enable it.
func (h *Handler) logContent(ctx context.Context, e *exchange, c chat.Conversation) {
	if h.LogContent {
		h.Log.LogAttrs(ctx, slog.LevelInfo, "content",
			slog.String("requestId", e.id), slog.Any("messages", withoutData(c.Messages)), slog.Any("answer", e.call.completion.Choices))
	}
}

// withoutData returns messages without the data of their images and files, which would
// exceed what a log event may have.
func withoutData(messages []chat.Message) []chat.Message {
	bare := slices.Clone(messages)
	for i := range bare {
		bare[i].Content = slices.Clone(bare[i].Content)
		for j, part := range bare[i].Content {
			switch {
			case part.Image != nil:
				bare[i].Content[j] = chat.Part{Text: fmt.Sprintf("[%s, %d bytes]", part.Image.Format, len(part.Image.Data))}
			case part.File != nil:
				bare[i].Content[j] = chat.Part{Text: fmt.Sprintf("[%s, %d bytes]", part.File.Format, len(part.File.Data))}
			}
		}
	}
	return bare
}

// count writes the metrics of an exchange: errors by type, and latency and tokens by
// model.
func (h *Handler) count(ctx context.Context, e *exchange) {
	groups := []metrics.Group{{Values: []metrics.Value{metrics.Count(metrics.Requests, 1)}}}
	if e.problem != nil {
		groups = append(groups, metrics.Group{Dimension: metrics.ErrorTypeDimension, Name: e.problem.Code, Values: e.failures()})
	}
	if e.call != nil {
		groups = append(groups, metrics.Group{Dimension: metrics.ModelDimension, Name: e.call.model, Values: e.measurements()})
	}
	if e.stream != nil && e.stream.left {
		groups[0].Values = append(groups[0].Values, metrics.Count(metrics.StreamsLeft, 1))
	}
	groups[0].Values = append(groups[0].Values, e.client.values()...)
	if err := metrics.WriteGroups(h.Metrics, h.now(), h.Stack, groups...); err != nil {
		h.Log.LogAttrs(ctx, slog.LevelError, "metrics could not be written", slog.String("error", err.Error()))
	}
}

func (e *exchange) failures() []metrics.Value {
	values := []metrics.Value{metrics.Count(metrics.Errors, 1)}
	if e.stream != nil && e.stream.cut {
		values = append(values, metrics.Count(metrics.StreamsCut, 1))
	}
	return values
}

// measurements returns the measurements of a call of a model. A stream takes as long as its
// reply is: its time is apart from that of other calls.
func (e *exchange) measurements() []metrics.Value {
	var values []metrics.Value
	switch {
	case e.stream == nil:
		values = append(values, metrics.Seconds(metrics.ModelLatency, e.call.duration))
	case e.stream.answered:
		values = append(values, metrics.Seconds(metrics.StreamSeconds, e.call.duration), metrics.Seconds(metrics.FirstToken, e.stream.firstToken))
	default:
		values = append(values, metrics.Seconds(metrics.StreamSeconds, e.call.duration))
	}
	return append(values, metrics.Count(metrics.InputTokens, e.call.completion.Usage.InputTokens),
		metrics.Count(metrics.OutputTokens, e.call.completion.Usage.OutputTokens))
}
