package rotatorclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const stackOutputs = `{"apiId":"a","rotatorName":"gatehouse-dev-rotator","rotationEvent":"{\"action\":\"tick\",\"apiId\":\"a\",\"originId\":\"api\"}","secret":"[secret]"}`

// script responds to invocations one after another: a string is a result.
type script struct {
	t       *testing.T
	results []any
	events  []map[string]any
}

func (s *script) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	assert.Equal(s.t, "gatehouse-dev-rotator", *in.FunctionName)
	var event map[string]any
	require.NoError(s.t, json.Unmarshal(in.Payload, &event))
	s.events = append(s.events, event)
	next := s.results[0]
	s.results = s.results[1:]
	switch next := next.(type) {
	case error:
		return nil, next
	case *lambda.InvokeOutput:
		return next, nil
	}
	return &lambda.InvokeOutput{Payload: []byte(next.(string))}, nil
}

func clientOf(t *testing.T, results ...any) (Client, *script, *bytes.Buffer) {
	t.Helper()
	stack, err := ReadOutputs(strings.NewReader(stackOutputs))
	require.NoError(t, err)
	s, out := &script{t: t, results: results}, &bytes.Buffer{}
	return Client{API: s, Stack: stack, Out: out}, s, out
}

func TestRequestInvokesUntilItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c, s, out := clientOf(t,
			&types.TooManyRequestsException{},
			`{"through":"k1","steps":[{"action":"add","keys":["k2"],"reason":"k1 is revoked"}],"done":false,"left":"k2 is not settled","againIn":"30s"}`,
			`{"through":"k1","steps":[{"action":"publish","keys":["k2"],"reason":"settled"}],"done":false,"left":"deploying","againIn":"10s"}`,
			`{"through":"k1","steps":[],"done":true,"left":"k2 is due in 6h"}`)
		require.NoError(t, c.Request(t.Context(), "revoke", ""))
		assert.Equal(t, 45*time.Second, time.Since(began))
		assert.Equal(t, []map[string]any{
			{"action": "revoke", "apiId": "a", "originId": "api"},
			{"action": "revoke", "apiId": "a", "originId": "api"},
			{"action": "revoke", "apiId": "a", "originId": "api", "through": "k1"},
			{"action": "revoke", "apiId": "a", "originId": "api", "through": "k1"},
		}, s.events)
		assert.Equal(t, `the rotator is busy with another run; retrying in 5s
add k2: k1 is revoked
in 30s: k2 is not settled
publish k2: settled
in 10s: deploying
revoke is done; k2 is due in 6h
`, out.String())
	})
}

func TestAnInterruptedRequestSaysHowToContinue(t *testing.T) {
	const begun = `{"through":"k1","steps":[],"done":false,"left":"x","againIn":"1h"}`
	c, _, _ := clientOf(t, begun)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err := c.Request(ctx, "revoke", "")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "continue with: make revoke THROUGH=k1, or gatehouse revoke -through k1")

	c, _, _ = clientOf(t, `{"through":"k1","done":false,"left":"no idea"}`)
	err = c.Request(t.Context(), "rotate", "")
	require.ErrorContains(t, err, "does not return when to retry: no idea")
	require.ErrorContains(t, err, "gatehouse rotate -through k1")

	c, _, _ = clientOf(t, &types.TooManyRequestsException{})
	require.ErrorIs(t, c.Request(ctx, "rotate", "k1"), context.DeadlineExceeded)
}

func TestFailures(t *testing.T) {
	for want, result := range map[string]any{
		"gatehouse-dev-rotator failed: distribution E1: no origin": &lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(`{"errorMessage":"distribution E1: no origin"}`)},
		"gatehouse-dev-rotator failed: Unhandled":                  &lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(`no JSON`)},
		"result of an unknown form":                                `[]`,
		"invoke gatehouse-dev-rotator: AccessDenied":               errors.New("AccessDenied"),
	} {
		c, _, _ := clientOf(t, result, result)
		require.ErrorContains(t, c.Request(t.Context(), "rotate", ""), want)
		_, err := c.Status(t.Context())
		require.ErrorContains(t, err, want)
	}
}

func TestStatus(t *testing.T) {
	c, s, _ := clientOf(t, `{"keys":[{"name":"k1","age":"6h0m0s","inUse":true}],"deployed":true}`)
	status, err := c.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "status", s.events[0]["action"])
	assert.True(t, status.Deployed && status.Keys[0].InUse)
}

func TestEventMustBeAnObject(t *testing.T) {
	_, err := Outputs{RotationEvent: "null"}.event("tick", "")
	require.ErrorContains(t, err, "no JSON object")
}
