package awsclient

import (
	"context"
	"net/http"
)

// Account is what depends on the AWS account.
type Account struct {
	// ConcurrentExecutions is the quota of functions: 10 in a young account, of which
	// nothing can be reserved.
	ConcurrentExecutions int `json:"concurrentExecutions"`

	// BedrockValidatesFirst says that Bedrock looks at a request's content before it
	// looks at permissions.
	BedrockValidatesFirst bool `json:"bedrockValidatesFirst"`
}

// Account returns what the account is like.
func (c Controls) Account(ctx context.Context) (a Account, err error) {
	err = c.do(ctx, http.MethodGet, "account", nil, &a)
	return a, err
}

// SetAccount changes it.
func (c Controls) SetAccount(ctx context.Context, a Account) error {
	return c.do(ctx, http.MethodPut, "account", a, nil)
}
