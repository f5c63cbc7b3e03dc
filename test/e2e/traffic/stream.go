package traffic

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
)

// streamTimeout is far more than the longest stream takes.
const streamTimeout = 2 * time.Minute

// readStream reads a stream of so many tokens, of which none may be missing.
func readStream(ctx context.Context, to chatstream.Target, pace time.Duration, tokens int) (status int, edge string, err error) {
	ctx, cancel := context.WithTimeout(ctx, streamTimeout)
	defer cancel()
	got, err := to.Send(ctx, chatstream.Request{
		Model: chatModel, Stream: true, Message: fmt.Sprintf("Count. [[pace %s]] [[tokens %d]]", pace, tokens),
	})
	if err != nil {
		return 0, "", err
	}
	defer got.Close()
	edge = got.Header.Get("X-Amz-Cf-Pop")
	if err := got.IsStream(); err != nil {
		return got.Status, edge, err
	}
	events, err := got.Events()
	if err != nil {
		return got.Status, edge, fmt.Errorf("cut after %d events: %w", len(events), err)
	}
	answer, err := chatstream.Assemble(events)
	if err == nil {
		err = answer.Whole()
	}
	if err != nil {
		return got.Status, edge, err
	}
	if words := len(strings.Fields(answer.Message.Content)); words != tokens {
		return got.Status, edge, fmt.Errorf("the stream has %d of %d tokens", words, tokens)
	}
	return got.Status, edge, nil
}
