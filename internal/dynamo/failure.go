package dynamo

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
)

// readError returns the error of a response, with the items of failed conditions. Other
// errors have nothing of items: some of the service's messages quote values.
func readError(apiError *smithy.GenericAPIError, content []byte, in input) error {
	switch apiError.Code {
	case "ConditionalCheckFailedException":
		var failed itemOutput
		if json.Unmarshal(content, &failed) != nil {
			return errUnreadable
		}
		return &ConditionFailed{Item: failed.Item}
	case "TransactionCanceledException":
		var canceled struct{ CancellationReasons []Reason }
		if json.Unmarshal(content, &canceled) != nil {
			return errUnreadable
		}
		return &TransactionCanceled{Reasons: canceled.CancellationReasons}
	}
	apiError.Message = redact(apiError.Message, in.items())
	return apiError
}

// errUnreadable is the error for a response whose error can't be read. It isn't known
// whether the write was applied: an earlier attempt may have been.
var errUnreadable = errors.New("the response is no JSON of this operation's error")

// isTransient reports whether an error may pass by itself, and the request may be
// repeated.
func isTransient(err error) bool {
	return !isFailedCondition(err) && (awsjson.IsTransient(err) || isBusy(err))
}

// isRejected reports whether an error may pass by itself, and the request surely had no
// effect.
func isRejected(err error) bool { return awsjson.IsRejected(err) && isTransient(err) }

// isTransientTransaction is isTransient for transactions: it includes those that were
// canceled for reasons that pass by themselves.
func isTransientTransaction(err error) bool {
	var canceled *TransactionCanceled
	if !errors.As(err, &canceled) {
		return isTransient(err)
	}
	passing := []string{ReasonNone, ReasonConflict, "ThrottlingError", "ProvisionedThroughputExceeded"}
	return !slices.ContainsFunc(canceled.Reasons, func(reason Reason) bool { return !slices.Contains(passing, reason.Code) })
}

func isFailedCondition(err error) bool {
	var failed *ConditionFailed
	var canceled *TransactionCanceled
	return errors.As(err, &failed) || errors.As(err, &canceled)
}

// isBusy reports whether the table or the item can't be used at the moment.
func isBusy(err error) bool {
	var apiError smithy.APIError
	if !errors.As(err, &apiError) {
		return false
	}
	switch apiError.ErrorCode() {
	case "ProvisionedThroughputExceededException", "TransactionConflictException", "TransactionInProgressException":
		return true
	}
	return false
}
