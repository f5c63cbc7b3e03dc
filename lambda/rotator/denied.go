package main

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/distribution"
)

// deniedTimeout is the time for which a run retries calls that IAM denies.
const deniedTimeout = 30 * time.Second

// whenAllowed calls do, with backoff, until IAM allows it or deniedTimeout is over. The
// first run of all, and the first tick, come right after the role and its policies were
// written, and IAM is eventually consistent: it needs some seconds until every endpoint
// has them.
func (r *rotator) whenAllowed(ctx context.Context, do func() error) error {
	for backoff, left := time.Second, deniedTimeout; ; backoff = min(2*backoff, 8*time.Second) {
		err := do()
		if !isDenied(err) || left < backoff {
			return err
		}
		r.log.WarnContext(ctx, "denied, which may be because the role is new; retrying", "error", err)
		left -= backoff
		if sleep(ctx, backoff) != nil {
			return err
		}
	}
}

// isDenied reports whether an AWS service denied a call for lack of a permission.
// Services have one of two codes for it.
func isDenied(err error) bool {
	if errors.Is(err, distribution.ErrDenied) {
		return true
	}
	var apiError smithy.APIError
	if !errors.As(err, &apiError) {
		return false
	}
	code := apiError.ErrorCode()
	return code == "AccessDeniedException" || code == "AccessDenied"
}
