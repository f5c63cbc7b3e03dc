package progress

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlainOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := New(&out, nil)
		boom := errors.New("boom")
		_ = d.Step(t.Context(), "engine", func(_ context.Context, s *Step) error {
			s.Note("cached")
			time.Sleep(100 * time.Millisecond)
			return nil
		})
		err := d.Step(t.Context(), "deploy", func(_ context.Context, s *Step) error {
			s.Doing("12 done")
			time.Sleep(145 * time.Second)
			return boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("the step's error became %v", err)
		}
		d.Close()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 5 {
			t.Fatalf("want two results and three signs of life, got\n%s", out.String())
		}
		for i, want := range []string{"✓ engine", "… deploy 20s 12 done", "… deploy 1m20s 12 done", "… deploy 2m20s 12 done", "✗ deploy"} {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("line %d is %q, want %q", i, lines[i], want)
			}
		}
		if !strings.Contains(lines[0], "cached") || !strings.HasSuffix(lines[0], "0.1s") {
			t.Errorf("got %q", lines[0])
		}
	})
}

func TestStoppedStepIsNotCalledFailed(t *testing.T) {
	var out bytes.Buffer
	d := New(&out, nil)
	ctx, cancel := context.WithCancel(t.Context())
	_ = d.Step(ctx, "engine", func(ctx context.Context, _ *Step) error {
		cancel()
		return ctx.Err()
	})
	d.Close()
	if !strings.Contains(out.String(), "stopped") {
		t.Errorf("got %q", out.String())
	}
}
