package env

import (
	"context"
	"errors"
	"testing"
)

// What the rest of the stack needs waits for what AWS needs, and ends with the start.
func TestAfterAWS(t *testing.T) {
	s := &starter{aws: make(chan struct{})}
	ended := begin(func() error { return s.afterAWS(t.Context(), nil) })
	if ended.ended() {
		t.Error("it did not wait")
	}
	close(s.aws)
	if err := ended.wait(); err != nil {
		t.Error(err)
	}

	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stopped)
	if err := (&starter{aws: make(chan struct{})}).afterAWS(ctx, nil); !errors.Is(err, stopped) {
		t.Errorf("got %v", err)
	}
}
