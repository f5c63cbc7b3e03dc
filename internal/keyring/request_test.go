package keyring_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	. "github.com/gatehouse-iac/gatehouse/internal/keyring"
)

func TestRequestsNameKeys(t *testing.T) {
	inUse, next := keyOf(time.Hour), keyOf(time.Minute)
	observed := observe(t, inUse.Value, inUse, next)
	assert.Equal(t, Request{Kind: Rotate, Through: inUse.Name}, RotateNow(observed))
	assert.Equal(t, Request{Kind: Revoke, Through: next.Name}, RevokeNow(observed))

	lost := observe(t, HeaderValue("foreign"), inUse, next)
	assert.Equal(t, Request{Kind: Rotate, Through: next.Name}, RotateNow(lost))
	assert.Equal(t, Request{Kind: Rotate}, RotateNow(observe(t, Value{})))
}

func TestRequestFulfilled(t *testing.T) {
	old, inUse := keyOf(time.Hour), keyOf(time.Minute)
	tests := []struct {
		name     string
		request  Request
		observed Observation
		want     bool
	}{
		{"none", Request{}, observe(t, Value{}), true},
		{"rotate, still in use", Request{Rotate, inUse.Name}, observe(t, inUse.Value, inUse), false},
		{"rotate, published", Request{Rotate, old.Name}, observe(t, inUse.Value, old, inUse), true},
		{"rotate, foreign header", Request{Rotate, old.Name}, observe(t, HeaderValue("x"), inUse), false},
		{"revoke, not pruned", Request{Revoke, old.Name}, observe(t, inUse.Value, old, inUse), false},
		{"revoke, pruned", Request{Revoke, old.Name}, observe(t, inUse.Value, inUse), true},
		{"revoke, empty keyring", Request{Revoke, old.Name}, observe(t, old.Value), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, test.request.Fulfilled(test.observed))
		})
	}
}
