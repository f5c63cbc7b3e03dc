package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/distribution"
	"github.com/gatehouse-iac/gatehouse/internal/distribution/distributiontest"
)

// refusals are how the services that a tick calls say that a permission is missing.
var refusals = map[string]error{
	"GetDistribution":     distributiontest.Refusal{Status: 403, Code: "AccessDenied", Message: "not authorized to perform: cloudfront:GetDistribution"},
	"UpdateDistribution":  distributiontest.Refusal{Status: 403, Code: "AccessDenied", Message: "not authorized to perform: cloudfront:UpdateDistribution"},
	"GetParametersByPath": &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: ssm:GetParametersByPath"},
	"PutParameter":        &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: ssm:PutParameter"},
}

// A new stack's first tick comes seconds after the role's policies were written. It
// must not end in the queue of dead letters.
func TestTheFirstTickWaitsForIAM(t *testing.T) {
	for operation, refusal := range refusals {
		inWorld(t, func(t *testing.T, w *world) {
			known := time.Now().Add(20 * time.Second)
			if operation == "UpdateDistribution" {
				known = known.Add(testEnvironment.Times.Settle) // before, nothing is published
			}
			refused := 0
			w.hook = func(_ context.Context, _ int, called string, after bool) error {
				if called == operation && !after && time.Now().Before(known) {
					refused++
					return refusal
				}
				return nil
			}
			got, err := w.send(w.rotator(), eventOf("tick"))
			require.NoError(t, err, operation)
			assert.NotZero(t, refused, operation)
			assert.Equal(t, []string{"add", "publish"}, steps(got), operation)
		})
	}
}

func TestATickThatIsNeverAllowedFails(t *testing.T) {
	for operation, refusal := range refusals {
		inWorld(t, func(t *testing.T, w *world) {
			w.hook = func(_ context.Context, _ int, called string, after bool) error {
				if called == operation && !after {
					return refusal
				}
				return nil
			}
			began := time.Now()
			_, err := w.send(w.rotator(), eventOf("tick"))
			require.ErrorContains(t, err, "not authorized to perform", operation)
			assert.LessOrEqual(t, time.Since(began), deniedPatience+2*testEnvironment.Times.Settle, operation)
		})
	}
}

func TestIsDenied(t *testing.T) {
	for _, err := range []error{
		&smithy.GenericAPIError{Code: "AccessDenied"},
		fmt.Errorf("read: %w", &smithy.GenericAPIError{Code: "AccessDeniedException"}),
		fmt.Errorf("look: %w", distribution.ErrDenied),
	} {
		assert.True(t, isDenied(err), "%v", err)
	}
	for _, err := range []error{nil, errors.New("AccessDenied"), &smithy.GenericAPIError{Code: "ThrottlingException"}} {
		assert.False(t, isDenied(err), "%v", err)
	}
}

func TestAnOperatorIsToldAtOnceWhatIsDenied(t *testing.T) {
	for _, action := range []string{"rotate", "revoke"} {
		inWorld(t, func(t *testing.T, w *world) {
			w.hook = func(_ context.Context, _ int, called string, after bool) error {
				if called == "GetDistribution" && !after {
					return refusals[called]
				}
				return nil
			}
			began := time.Now()
			_, err := w.send(w.rotator(), eventOf(action))
			require.ErrorContains(t, err, "not authorized to perform", action)
			assert.Less(t, time.Since(began), time.Second, action)
		})
	}
}
