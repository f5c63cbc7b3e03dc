package checkout

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestLockWaits(t *testing.T) {
	l := Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	said := 0
	say := func(string, ...any) { said++ }
	first, err := l.Lock(t.Context(), say)
	if err != nil || said != 0 {
		t.Fatalf("said %d times, %v", said, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := l.Lock(ctx, say); !errors.Is(err, context.DeadlineExceeded) || said != 1 {
		t.Fatalf("said %d times, %v", said, err)
	}
	first.Close()
	second, err := l.Lock(t.Context(), say)
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
}
