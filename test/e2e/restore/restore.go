// Package restore puts back what a test changed of the stack and its servers,
// however the test ends, an interrupt included.
package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// limit is how long putting one change back may take.
const limit = 5 * time.Minute

// Changes are what a test changed, and how to put it back.
type Changes struct {
	mu   sync.Mutex
	open []*change
}

type change struct {
	what string
	back func(context.Context) error
}

// Add notes a change. What it returns puts it back now instead of at the end.
func (c *Changes) Add(what string, back func(context.Context) error) func(context.Context) error {
	one := &change{what, back}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, one)
	return func(ctx context.Context) error { return c.revert(ctx, one) }
}

// revert puts one change back, once.
func (c *Changes) revert(ctx context.Context, one *change) error {
	c.mu.Lock()
	at := slices.Index(c.open, one)
	if at >= 0 {
		c.open = slices.Delete(c.open, at, at+1)
	}
	c.mu.Unlock()
	if at < 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if err := one.back(ctx); err != nil {
		return fmt.Errorf("put back %s (`make local` does so too): %w", one.what, err)
	}
	return nil
}

// RevertAll puts back what is left, the latest first.
func (c *Changes) RevertAll(ctx context.Context) error {
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
