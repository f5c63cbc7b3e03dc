package awsclient

import (
	"context"
	"net/http"
)

// Account has what differs between AWS accounts.
type Account struct {
	// ConcurrentExecutions is the quota of concurrent executions: 10 in a young account, of
	// which none can be reserved.
	ConcurrentExecutions int `json:"concurrentExecutions"`

	// BedrockValidatesFirst reports whether Bedrock validates a request's content before it
	// checks permissions.
	BedrockValidatesFirst bool `json:"bedrockValidatesFirst"`
}

// Account returns the account's properties.
func (c Controls) Account(ctx context.Context) (a Account, err error) {
	err = c.do(ctx, http.MethodGet, "account", nil, &a)
	return a, err
}

// SetAccount changes the account's properties.
func (c Controls) SetAccount(ctx context.Context, a Account) error {
	return c.do(ctx, http.MethodPut, "account", a, nil)
}
