package distribution

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// ErrConflict is returned when the distribution is no longer as it was read: another
// client changed it first, or an earlier attempt of this one did, whose response was lost.
var ErrConflict = errors.New("the distribution was changed since it was read: read it again")

// ErrDenied is returned when CloudFront denied a call for lack of a permission. A role that
// was written seconds ago may get it later.
var ErrDenied = errors.New("denied")

// denied is [ErrDenied] with the message of the call.
type denied struct{ error }

// Is implements the interface of [errors.Is].
func (denied) Is(target error) bool { return target == ErrDenied }

// hints has the fixes of CloudFront's errors, by code.
var hints = map[string]string{
	"AccessDenied":         "the rotator's role must allow %s on this distribution",
	"NoSuchDistribution":   "it does not exist: run `pulumi up`, so that the schedule names the right one",
	"Throttling":           throttled,
	"ThrottlingException":  throttled,
	"RequestLimitExceeded": throttled,
	"InvalidWebACLId":      "the rotator's role must allow wafv2:GetWebACL on the web ACL that the distribution has",
	"InvalidLambdaFunctionAssociation": "the rotator's role must allow lambda:GetFunction, lambda:EnableReplication* and " +
		"lambda:DisableReplication* on the version of the function that the distribution has",
	"StagingDistributionInUse": "a continuous deployment is under way: end it, and the next tick continues",
}

const throttled = "this account calls CloudFront too often: the next tick retries"

// explain returns the error of a call with its hint. It keeps the message alone, without
// the values: an error of the SDK may quote any part of a response.
func (d Distribution) explain(verb, action string, err error, secrets ...keyring.Value) error {
	var apiError smithy.APIError
	code := ""
	if errors.As(err, &apiError) {
		code = apiError.ErrorCode()
	}
	switch {
	case code == "PreconditionFailed", code == "InvalidIfMatchVersion":
		return fmt.Errorf("%s distribution %s: %w", verb, d.target.DistributionID, ErrConflict)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s distribution %s: CloudFront took too long: %w", verb, d.target.DistributionID, context.DeadlineExceeded)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s distribution %s: %w", verb, d.target.DistributionID, context.Canceled)
	}
	message := err.Error()
	var unreadable *smithy.DeserializationError
	if errors.As(err, &unreadable) {
		message = "the SDK can't read the response"
	}
	for _, secret := range secrets {
		if !secret.IsZero() {
			message = strings.ReplaceAll(message, secret.Reveal(), secret.String())
		}
	}
	if hint, ok := hints[code]; ok {
		message += ": " + strings.ReplaceAll(hint, "%s", action)
	}
	explained := fmt.Errorf("%s distribution %s: %s", verb, d.target.DistributionID, message)
	if code == "AccessDenied" {
		return denied{explained}
	}
	return explained
}
