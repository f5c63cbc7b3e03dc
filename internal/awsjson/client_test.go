package awsjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
)

const attempts = 3

func client(url string, change func(*awsjson.Config)) *awsjson.Client {
	config := awsjson.Config{
		Endpoint: url, Region: "eu-central-1", Service: "service", Target: "Target_1", Version: "1.0",
		Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret", SessionToken: "token"}, nil
		},
		AttemptTimeout: time.Second, MaxAttempts: attempts, MaxBackoff: time.Millisecond, MaxResponse: 1 << 10,
	}
	if change != nil {
		change(&config)
	}
	return awsjson.New(config)
}

type output struct{ Value string }

func call(ctx context.Context, c *awsjson.Client) (out output, err error) {
	err = c.Do(ctx, awsjson.Call{
		Operation: "Operate", Input: map[string]string{"In": "put"},
		Read: func(content []byte) error { return json.Unmarshal(content, &out) },
	})
	return out, err
}

// responding returns a server that responds to each request in turn, and to all others as
// to the last, and the number of requests.
func responding(t *testing.T, responses ...http.HandlerFunc) (url string, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := min(int(requests.Add(1)), len(responses))
		responses[n-1](w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestRequestsAreSignedForTheService(t *testing.T) {
	url, requests := responding(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "application/x-amz-json-1.0", r.Header.Get("Content-Type"))
		assert.Equal(t, "Target_1.Operate", r.Header.Get("X-Amz-Target"))
		assert.Contains(t, r.Header.Get("Authorization"), "AKIATEST/")
		assert.Contains(t, r.Header.Get("Authorization"), "/eu-central-1/service/")
		assert.Equal(t, "token", r.Header.Get("X-Amz-Security-Token"))
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.JSONEq(t, `{"In": "put"}`, string(body))
		_, _ = io.WriteString(w, `{"Value": "out"}`)
	})
	out, err := call(t.Context(), client(url, nil))
	require.NoError(t, err)
	assert.Equal(t, "out", out.Value)
	assert.Equal(t, int32(1), requests.Load())
}

func TestOnlyTransientErrorsAreRetried(t *testing.T) {
	for _, c := range []struct {
		status   int
		body     string
		code     string
		requests int32
	}{
		{http.StatusBadRequest, `{"__type":"com.amazonaws.service#AccessDeniedException","message":"no"}`, "AccessDeniedException", 1},
		{http.StatusBadRequest, `{"__type":"ThrottlingException"}`, "ThrottlingException", attempts},
		{http.StatusInternalServerError, `{"__type":"InternalServerError"}`, "InternalServerError", attempts},
		{http.StatusBadGateway, `<html>`, "502 Bad Gateway", attempts},
		{http.StatusTooManyRequests, ``, "429 Too Many Requests", attempts},
	} {
		url, requests := responding(t, respond(c.status, c.body))
		_, err := call(t.Context(), client(url, nil))
		var apiError smithy.APIError
		require.ErrorAs(t, err, &apiError)
		require.ErrorContains(t, err, "Operate: ")
		assert.Equal(t, c.code, apiError.ErrorCode())
		assert.Equal(t, c.requests, requests.Load(), c.code)
	}
}

func TestAnAttemptThatTakesTooLongIsRetried(t *testing.T) {
	url, requests := responding(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server watch the connection
		<-r.Context().Done()
	}, respond(http.StatusOK, `{"Value": "second"}`))
	out, err := call(t.Context(), client(url, func(c *awsjson.Config) { c.AttemptTimeout = 100 * time.Millisecond }))
	require.NoError(t, err)
	assert.Equal(t, "second", out.Value)
	assert.Equal(t, int32(2), requests.Load())
}

func TestNoRedirectIsFollowed(t *testing.T) {
	target, redirected := responding(t, respond(http.StatusOK, `{}`))
	url, requests := responding(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target, http.StatusTemporaryRedirect)
	})
	for _, given := range []*http.Client{nil, {}} {
		_, err := call(t.Context(), client(url, func(c *awsjson.Config) { c.HTTP = given }))
		require.ErrorContains(t, err, "307")
	}
	assert.Equal(t, int32(2), requests.Load())
	assert.Zero(t, redirected.Load())
}

func TestTheCallerSaysWhatIsRetried(t *testing.T) {
	url, requests := responding(t, respond(http.StatusInternalServerError, `{}`))
	err := client(url, nil).Do(t.Context(), awsjson.Call{Operation: "Operate", Retry: awsjson.IsRejected})
	require.Error(t, err)
	assert.Equal(t, int32(1), requests.Load())
}

func TestReadErrorReplacesTheError(t *testing.T) {
	special := errors.New("special")
	url, _ := responding(t, respond(http.StatusBadRequest, `{"__type":"Special","Extra":"more"}`))
	err := client(url, nil).Do(t.Context(), awsjson.Call{
		Operation: "Operate",
		ReadError: func(apiError *smithy.GenericAPIError, content []byte) error {
			assert.Equal(t, "Special", apiError.Code)
			assert.Contains(t, string(content), "more")
			return special
		},
		Retry: func(err error) bool { return !errors.Is(err, special) },
	})
	require.ErrorIs(t, err, special)
}

func TestWithoutCredentialsNothingIsSent(t *testing.T) {
	url, requests := responding(t, respond(http.StatusOK, `{}`))
	expired := errors.New("expired")
	_, err := call(t.Context(), client(url, func(c *awsjson.Config) {
		c.Credentials = func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, expired }
	}))
	require.ErrorIs(t, err, expired)
	assert.Zero(t, requests.Load())
}

func TestTheContextEndsTheCall(t *testing.T) {
	url, requests := responding(t, respond(http.StatusInternalServerError, `{}`))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := call(ctx, client(url, func(c *awsjson.Config) { c.MaxBackoff, c.MaxAttempts = time.Hour, 2 }))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "500 Internal Server Error", "the service's error is kept")
	assert.Equal(t, int32(1), requests.Load())
}

func TestLargeResponsesAreNotRead(t *testing.T) {
	url, _ := responding(t, respond(http.StatusOK, fmt.Sprintf(`{"Value": "%01024d"}`, 0)))
	_, err := call(t.Context(), client(url, nil))
	require.Error(t, err)
}

func TestEndpointIsTheEnvironmentsOrTheRegions(t *testing.T) {
	for _, c := range []struct {
		environment map[string]string
		region      string
		want        string
	}{
		{nil, "eu-central-1", "https://dynamodb.eu-central-1.amazonaws.com/"},
		{nil, "cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn/"},
		{map[string]string{"AWS_ENDPOINT_URL": "http://all"}, "", "http://all/"},
		{map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_DYNAMODB": "http://one/"}, "", "http://one/"},
	} {
		assert.Equal(t, c.want, awsjson.Endpoint(func(name string) string { return c.environment[name] }, "dynamodb", c.region))
	}
}

func TestRejectedRequestsHadNoEffect(t *testing.T) {
	rejected := &smithy.GenericAPIError{Code: "ThrottlingException", Fault: smithy.FaultClient}
	assert.True(t, awsjson.IsRejected(fmt.Errorf("wrapped: %w", rejected)))
	assert.False(t, awsjson.IsRejected(&smithy.GenericAPIError{Fault: smithy.FaultServer}))
	assert.False(t, awsjson.IsRejected(context.DeadlineExceeded))
	assert.True(t, awsjson.IsTransient(context.DeadlineExceeded))
}
