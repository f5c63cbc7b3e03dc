package e2etest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestInterruptRestoresOnceAndInReverse(t *testing.T) {
	var r restores
	var order []string
	add := func(name string, err error) func(context.Context) error {
		return r.add(name, func(context.Context) error {
			order = append(order, name)
			return err
		})
	}
	first := add("first", nil)
	second := add("second", nil)
	add("third", errors.New("stuck"))
	if err := second(t.Context()); err != nil {
		t.Error(err)
	}
	var said []string
	r.all(t.Context(), func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
	if err := first(t.Context()); err != nil {
		t.Error(err)
	}
	if want := []string{"second", "third", "first"}; !slices.Equal(order, want) {
		t.Errorf("restored %v, want %v", order, want)
	}
	if !slices.Contains(said, "third: stuck") {
		t.Errorf("said %q", said)
	}
}
