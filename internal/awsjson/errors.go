package awsjson

import (
	"errors"

	"github.com/aws/smithy-go"
)

// IsTransient reports whether an error may pass by itself: every one but those for which
// the service names a fault of the client, unless that is too many requests.
func IsTransient(err error) bool {
	var apiError smithy.APIError
	if !errors.As(err, &apiError) || apiError.ErrorFault() == smithy.FaultServer {
		return true
	}
	switch apiError.ErrorCode() {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "RequestTimeout", "RequestTimeoutException":
		return true
	}
	return false
}

// IsRejected reports whether the service rejected a request with an error of the client's
// fault, so that the request surely had no effect.
func IsRejected(err error) bool {
	var apiError smithy.APIError
	return errors.As(err, &apiError) && apiError.ErrorFault() == smithy.FaultClient
}
