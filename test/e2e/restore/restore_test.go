package restore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestChangesArePutBackOnceAndInReverse(t *testing.T) {
	var c Changes
	var order []string
	note := func(name string, err error) func(context.Context) error {
		return c.Add(name, func(ctx context.Context) error {
			order = append(order, name)
			return errors.Join(err, ctx.Err())
		})
	}
	note("first", nil)
	second := note("second", nil)
	note("third", errors.New("stuck"))
	note("fourth", nil)
	interrupted, stop := context.WithCancel(t.Context())
	stop()
	if err := second(interrupted); err != nil {
		t.Error(err)
	}
	err := c.RevertAll(interrupted)
	if err == nil || !strings.Contains(err.Error(), "put back third") || strings.Contains(err.Error(), "first") {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(order, []string{"second", "fourth", "third", "first"}) {
		t.Errorf("got %v", order)
	}
	if err := c.RevertAll(interrupted); err != nil {
		t.Errorf("put back twice: %v", err)
	}
}
