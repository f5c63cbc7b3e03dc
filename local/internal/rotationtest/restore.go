package rotationtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// restoreTime is how long putting everything back may take.
const restoreTime = 2 * time.Minute

// changes are what the test changed of the stack and the cloud, and how to put it
// back. That happens however the test ends, an interrupt included.
type changes struct {
	mu   sync.Mutex
	open []*change
}

type change struct {
	what string
	back func(context.Context) error
}

// add notes a change. What it returns puts it back now instead of at the end.
func (c *changes) add(what string, back func(context.Context) error) func(context.Context) error {
	one := &change{what, back}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, one)
	return func(ctx context.Context) error { return c.revert(ctx, one) }
}

// revert puts one change back, once.
func (c *changes) revert(ctx context.Context, one *change) error {
	c.mu.Lock()
	at := slices.Index(c.open, one)
	if at >= 0 {
		c.open = slices.Delete(c.open, at, at+1)
	}
	c.mu.Unlock()
	if at < 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	if err := one.back(ctx); err != nil {
		return fmt.Errorf("put back %s (`make local` does so too): %w", one.what, err)
	}
	return nil
}

// revertAll puts back what is left, the latest first.
func (c *changes) revertAll(ctx context.Context) error {
	var problems []error
	for {
		c.mu.Lock()
		if len(c.open) == 0 {
			c.mu.Unlock()
			return errors.Join(problems...)
		}
		last := c.open[len(c.open)-1]
		c.mu.Unlock()
		problems = append(problems, c.revert(ctx, last))
	}
}
