package chat

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRejections(t *testing.T) {
	err := Reject("The value of temperature must be less than 1, Zebra")
	assert.Equal(t, "the model rejected the request: The value of temperature must be less than 1, … (temperature)", err.Error())
	assert.True(t, errors.Is(err, ErrRejected))
	assert.False(t, err.TooLong)
	assert.Equal(t, "the model rejected the request: no", (&Rejection{Reason: "no"}).Error())
}

func TestConversationsThatAreTooLong(t *testing.T) {
	for _, message := range []string{
		"Input is too long for requested model.",
		"prompt is too long: 205000 tokens > 200000 maximum",
		"This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
		"the request exceeds the available context size, exceed_context_size_error",
		"Too many input tokens. Max input tokens: 128000, request input token count: 130000",
	} {
		assert.True(t, Reject(message).TooLong, message)
	}
	for _, message := range []string{"", "max_tokens is too large", "the name is too long"} {
		assert.False(t, Reject(message).TooLong, message)
	}
}

func TestErrorsOfRequestsThatNoModelComputed(t *testing.T) {
	cut := fmt.Errorf("%w: in the middle of a reply", ErrBusy)
	marked := fmt.Errorf("call the model: %w", NotComputed(cut))
	assert.True(t, IsNotComputed(marked))
	assert.ErrorIs(t, marked, ErrBusy)
	assert.Equal(t, "call the model: "+cut.Error(), marked.Error())
	assert.False(t, IsNotComputed(cut))
	assert.False(t, IsNotComputed(nil))
	assert.NoError(t, NotComputed(nil))
}
