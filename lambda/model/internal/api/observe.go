package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gatehouse-iac/gatehouse/internal/metrics"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// observe writes the log's line about an exchange, and its metrics.
func (h *Handler) observe(ctx context.Context, e *exchange) {
	h.log(ctx, e)
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
	level, text := slog.LevelInfo, "answered"
	switch {
	case e.problem != nil:
		text = "refused"
		attrs = append(attrs, slog.Int("status", e.problem.Status), slog.String("code", e.problem.Code))
	default:
		attrs = append(attrs, slog.Int("status", http.StatusOK))
	}
	if e.cause != nil {
		level, text = slog.LevelWarn, "the model refused"
		if e.problem.Status >= http.StatusInternalServerError {
			level, text = slog.LevelError, "the model failed"
		}
		attrs = append(attrs, slog.String("error", e.cause.Error()))
	}
	if e.model != "" {
		attrs = append(attrs, slog.String("model", e.model), slog.Int64("modelMilliseconds", e.asked.Milliseconds()))
	}
	if e.model != "" && e.cause == nil {
		attrs = append(attrs, slog.String("stopReason", e.done.StopReason),
			slog.Int("inputTokens", e.done.Usage.InputTokens), slog.Int("outputTokens", e.done.Usage.OutputTokens))
	}
	h.Log.LogAttrs(ctx, level, text, attrs...)
}

// logContent writes what was said, where the settings want it.
func (h *Handler) logContent(ctx context.Context, e *exchange, c chat.Conversation) {
	if h.LogContent {
		h.Log.LogAttrs(ctx, slog.LevelInfo, "content",
			slog.String("requestId", e.id), slog.Any("messages", c.Messages), slog.String("answer", e.done.Text))
	}
}

// count writes the metrics of an exchange: errors by type, and what a model was
// asked for by model.
func (h *Handler) count(ctx context.Context, e *exchange) {
	groups := []metrics.Group{{Values: []metrics.Value{metrics.Count(metrics.Requests, 1)}}}
	if e.problem != nil {
		groups = append(groups, metrics.Group{
			Dimension: metrics.ErrorTypeDimension, Name: e.problem.Code,
			Values: []metrics.Value{metrics.Count(metrics.Errors, 1)},
		})
	}
	if e.model != "" {
		groups = append(groups, metrics.Group{
			Dimension: metrics.ModelDimension, Name: e.model,
			Values: []metrics.Value{
				metrics.Seconds(metrics.ModelLatency, e.asked),
				metrics.Count(metrics.InputTokens, e.done.Usage.InputTokens),
				metrics.Count(metrics.OutputTokens, e.done.Usage.OutputTokens),
			},
		})
	}
	if err := metrics.WriteGroups(h.Metrics, h.now(), h.Stack, groups...); err != nil {
		h.Log.LogAttrs(ctx, slog.LevelError, "metrics are lost", slog.String("error", err.Error()))
	}
}
