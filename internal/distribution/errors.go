package distribution

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// ErrConflict says that the distribution is no longer as it was seen: somebody else
// changed it first, or an earlier try of ours did, whose reply was lost.
var ErrConflict = errors.New("the distribution was changed since it was read: look again")

// mends says what to do about CloudFront's errors.
var mends = map[string]string{
	"AccessDenied":         "the rotator's role must allow %s on this distribution",
	"NoSuchDistribution":   "it is gone: run `pulumi up`, so that the schedule names the right one",
	"Throttling":           throttled,
	"ThrottlingException":  throttled,
	"RequestLimitExceeded": throttled,
	"InvalidWebACLId":      "the rotator's role must allow wafv2:GetWebACL on the web ACL that the distribution has",
	"InvalidLambdaFunctionAssociation": "the rotator's role must allow lambda:GetFunction, lambda:EnableReplication* and " +
		"lambda:DisableReplication* on the version of the function that the distribution has",
	"StagingDistributionInUse": "a continuous deployment is under way: end it, and the next tick goes on",
}

const throttled = "this account calls CloudFront too often: the next tick tries again"

// explain returns the error of a call with its mend. It carries on the text alone,
// without the values: what the SDK keeps of an answer may quote any of it.
func (d Distribution) explain(what, action string, err error, secrets ...keyring.Value) error {
	var refused smithy.APIError
	code := ""
	if errors.As(err, &refused) {
		code = refused.ErrorCode()
	}
	switch {
	case code == "PreconditionFailed", code == "InvalidIfMatchVersion":
		return fmt.Errorf("%s distribution %s: %w", what, d.target.DistributionID, ErrConflict)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s distribution %s: CloudFront took too long: %w", what, d.target.DistributionID, context.DeadlineExceeded)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s distribution %s: %w", what, d.target.DistributionID, context.Canceled)
	}
	text := err.Error()
	var garbled *smithy.DeserializationError
	if errors.As(err, &garbled) {
		text = "the answer is not what the SDK expects"
	}
	for _, secret := range secrets {
		if !secret.IsZero() {
			text = strings.ReplaceAll(text, secret.Reveal(), secret.String())
		}
	}
	if mend, ok := mends[code]; ok {
		text += ": " + strings.ReplaceAll(mend, "%s", action)
	}
	explained := fmt.Errorf("%s distribution %s: %s", what, d.target.DistributionID, text)
	if code == "AccessDenied" {
		return denied{explained}
	}
	return explained
}
