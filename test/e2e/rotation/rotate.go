package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// rotateOnce brings another key into use.
func (t *test) rotateOnce(ctx context.Context) error {
	const limit = 2 * time.Minute
	var through keyring.Name
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		a, err := t.rotator.do(ctx, "rotate", through)
		if err == nil && a.Done {
			return nil
		}
		if err != nil && !errors.Is(err, errThrottled) {
			return fmt.Errorf("rotate: %w", err)
		}
		if err == nil {
			through = a.Through
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("rotate: not done within %s", limit)
}

// keepRotating rotates again and again until the context ends, and returns how often.
func (t *test) keepRotating(ctx context.Context) (rotations int, err error) {
	for {
		err := t.rotateOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return rotations, nil
		case err != nil:
			return rotations, err
		}
		rotations++
	}
}
