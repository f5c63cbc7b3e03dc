package main

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

func operatorOf(t *testing.T, results ...any) (operator, *script, *bytes.Buffer) {
	t.Helper()
	stack, err := readOutputs(strings.NewReader(stackOutputs))
	require.NoError(t, err)
	s, out := &script{t: t, results: results}, &bytes.Buffer{}
	return operator{api: s, stack: stack, out: out}, s, out
}

func TestRequestInvokesUntilItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		o, s, out := operatorOf(t,
			&types.TooManyRequestsException{},
			`{"through":"k1","steps":[{"action":"add","keys":["k2"],"reason":"k1 is revoked"}],"done":false,"left":"k2 is not settled","againIn":"30s"}`,
			`{"through":"k1","steps":[{"action":"publish","keys":["k2"],"reason":"settled"}],"done":false,"left":"deploying","againIn":"10s"}`,
			`{"through":"k1","steps":[],"done":true,"left":"k2 is due in 6h"}`)
		require.NoError(t, o.request(t.Context(), "revoke", ""))
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
	o, _, _ := operatorOf(t, begun)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err := o.request(ctx, "revoke", "")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "continue with: make revoke THROUGH=k1, or gatehouse revoke -through k1")

	o, _, _ = operatorOf(t, `{"through":"k1","done":false,"left":"no idea"}`)
	err = o.request(t.Context(), "rotate", "")
	require.ErrorContains(t, err, "does not return when to retry: no idea")
	require.ErrorContains(t, err, "gatehouse rotate -through k1")

	o, _, _ = operatorOf(t, &types.TooManyRequestsException{})
	require.ErrorIs(t, o.request(ctx, "rotate", "k1"), context.DeadlineExceeded)
}

func TestFailures(t *testing.T) {
	for want, result := range map[string]any{
		"gatehouse-dev-rotator failed: distribution E1: no origin": &lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(`{"errorMessage":"distribution E1: no origin"}`)},
		"gatehouse-dev-rotator failed: Unhandled":                  &lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(`no JSON`)},
		"result of an unknown form":                                `[]`,
		"invoke gatehouse-dev-rotator: AccessDenied":               errors.New("AccessDenied"),
	} {
		o, _, _ := operatorOf(t, result, result)
		require.ErrorContains(t, o.request(t.Context(), "rotate", ""), want)
		require.ErrorContains(t, o.status(t.Context()), want)
	}
}

func TestStatusShowsOriginsThatDisagree(t *testing.T) {
	o, _, out := operatorOf(t,
		`{"keys":[],"header":"different values to its origins","deployed":true,"modifiedAgo":"1h0m0s","deployingFor":"0s","next":{"action":"publish","reason":"repair"},`+
			`"origins":[{"id":"api","header":"a key of the keyring","key":"k2"},{"id":"stream","header":"nothing"}]}`)
	require.NoError(t, o.status(t.Context()))
	assert.Contains(t, out.String(), `CloudFront sends different values to its origins; changed 1h0m0s ago, deployed everywhere.
To origin api it sends a key of the keyring (k2).
To origin stream it sends nothing.
Next: publish, because repair.
`)
}

func TestStatus(t *testing.T) {
	o, s, out := operatorOf(t,
		`{"keys":[{"name":"k1","age":"6h0m0s","inUse":false},{"name":"k2","age":"5m0s","inUse":true}],"header":"a key of the keyring","deployed":false,"modifiedAgo":"4m30s","deployingFor":"4m30s","next":{"action":"nothing","reason":"key k2 is in use","againIn":"25m0s"}}`,
		`{"keys":[],"header":"nothing","deployed":true,"modifiedAgo":"1h0m0s","deployingFor":"0s","next":{"action":"add","reason":"the keyring is empty"}}`)
	require.NoError(t, o.status(t.Context()))
	require.NoError(t, o.status(t.Context()))
	assert.Equal(t, "status", s.events[0]["action"])
	assert.Equal(t, `KEY   AGE      
k1    6h0m0s   
k2    5m0s     in use
CloudFront sends a key of the keyring; changed 4m30s ago, being deployed for 4m30s.
Next: nothing, because key k2 is in use.
Another step can follow in 25m0s.
KEY   AGE   
CloudFront sends nothing; changed 1h0m0s ago, deployed everywhere.
Next: add, because the keyring is empty.
`, out.String())
}

func TestArguments(t *testing.T) {
	for _, bad := range [][]string{
		nil, {"renew"}, {"rotate", "revoke"}, {"rotate", "-force"}, {"status", "-through", "k1"}, {"-through", "k1", "rotate"}, {"doctor"}, {"doctor", "-stack", "dev", "x"},
	} {
		err := command(t.Context(), bad, strings.NewReader(stackOutputs), &bytes.Buffer{})
		require.ErrorContains(t, err, "gatehouse rotate|revoke [-through KEY]", bad)
	}
	// Valid arguments come as far as the outputs.
	err := command(t.Context(), []string{"revoke", "-through", "k1"}, strings.NewReader("{}"), &bytes.Buffer{})
	require.ErrorContains(t, err, "rotatorName or rotationEvent")
}

func TestOutputs(t *testing.T) {
	for given, want := range map[string]string{
		``:                                       "pulumi stack output --json",
		`{}`:                                     "rotatorName or rotationEvent: run `pulumi up`",
		`{"rotatorName":"r","rotationEvent":{}}`: "pulumi stack output --json",
	} {
		err := command(t.Context(), []string{"status"}, strings.NewReader(given), &bytes.Buffer{})
		require.ErrorContains(t, err, want, given)
	}
	_, err := outputs{RotationEvent: "null"}.event("tick", "")
	require.ErrorContains(t, err, "no JSON object")
}
