package chat

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReasonsQuoteNothingOfTheConversation(t *testing.T) {
	for _, test := range []struct {
		message, reason string
		members         []string
	}{
		{
			"The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model. Please use only one.",
			"The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model. Please use only one.",
			[]string{"temperature", "top_p"},
		},
		{"messages.3: Zebra-7 is invalid at 4111111111111111", "messages.3: … is invalid at …", []string{"messages"}},
		{"Malformed input request: #/stopSequences/0: string [\n] does not match pattern", "Malformed input request: #/stopSequences/0: string [\n] does not match pattern", []string{"stop"}},
		{"Unsupported parameter: 'top_p' isn't supported with 'Zebra'. Use \"top_k\"", "Unsupported parameter: 'top_p' isn't supported with '…'. Use \"top_k\"", []string{"top_k", "top_p"}},
		{"#: extraneous key [input] is not permitted; 'model' is required, see model.id and n", "#: extraneous key [input] is not permitted; 'model' is required, … model.… and n", []string{"input", "model"}},
		{
			`Failed to parse messages: unexpected value; messages = [{"role":"user","content":"the key is 482913 and please use it"}]`,
			"Failed to … messages: unexpected value; …",
			[]string{"messages"},
		},
		{`temperature: input should be less than 2 {"ctx":{"le":2}}`, "temperature: input should be less than 2 …", []string{"temperature"}},
		{"the key is 482913 and the limit is 4 please, at most 8192 tokens", "the key is … and the limit is … please, at most 8192 tokens", nil},
		{"สวัสดี is not supported", "… is not supported", nil},
		{"", "", nil},
	} {
		reason, members := Reason(test.message)
		assert.Equal(t, test.reason, reason)
		assert.Equal(t, test.members, members)
	}
}
