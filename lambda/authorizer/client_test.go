package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// environment is what Lambda gives a function, with Parameter Store at url.
func environment(url string) func(string) string {
	return func(name string) string {
		return map[string]string{
			"AWS_REGION":            "eu-central-1",
			"AWS_ACCESS_KEY_ID":     "AKIATEST",
			"AWS_SECRET_ACCESS_KEY": "secret",
			"AWS_SESSION_TOKEN":     "token",
			"AWS_ENDPOINT_URL":      url,
		}[name]
	}
}

func TestTheClientSignsAndRetries(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "AmazonSSM.GetParametersByPath", r.Header.Get("X-Amz-Target"))
		assert.Contains(t, r.Header.Get("Authorization"), "AKIATEST/")
		assert.Contains(t, r.Header.Get("Authorization"), "/eu-central-1/ssm/")
		assert.Equal(t, "token", r.Header.Get("X-Amz-Security-Token"))
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.JSONEq(t, `{"Path":"`+testPath+`","MaxResults":10,"WithDecryption":true}`, string(body))

		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if requests.Add(1) == 1 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
			return
		}
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"Parameters": []any{map[string]any{
			"Name": testPath + "/" + string(testKey(1).Name), "Type": "SecureString",
			"Value": testKey(1).Value.Reveal(), "LastModifiedDate": noon.Unix(),
		}}}))
	}))
	defer server.Close()

	found, err := keystore.NewReader(newParameterStore(environment(server.URL)), testPath).Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, found.Keyring.Len())
	assert.Equal(t, int32(2), requests.Load())
}

func TestTheClientGivesUpWithItsContext(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server watch the connection
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := keystore.NewReader(newParameterStore(environment(server.URL)), testPath).Read(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// refusing answers every request with status and body, and counts them.
func refusing(t *testing.T, status int, body string) (url string, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func TestTheClientTriesAgainOnlyWhatMayPass(t *testing.T) {
	for _, c := range []struct {
		status   int
		body     string
		code     string
		requests int32
	}{
		{http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"no"}`, "AccessDeniedException", 1},
		{http.StatusBadRequest, `{"__type":"com.amazonaws.ssm#InvalidKeyId:http://x","message":"no"}`, "InvalidKeyId", 1},
		{http.StatusBadRequest, `{"__type":"com.amazonaws.ssm#ThrottlingException"}`, "ThrottlingException", tries},
		{http.StatusTooManyRequests, ``, "429 Too Many Requests", tries},
		{http.StatusInternalServerError, `{"__type":"InternalServerError"}`, "InternalServerError", tries},
		{http.StatusServiceUnavailable, `<html>`, "503 Service Unavailable", tries},
		{http.StatusFound, ``, "302 Found", 1},
	} {
		url, requests := refusing(t, c.status, c.body)
		_, err := newParameterStore(environment(url)).ListParameters(t.Context(), testPath, "", true)
		var refused smithy.APIError
		require.ErrorAs(t, err, &refused, c.code)
		assert.Equal(t, c.code, refused.ErrorCode())
		assert.Equal(t, c.requests, requests.Load(), c.code)
	}
}

func TestTheClientQuotesNothingOfAnAnswerThatItCannotRead(t *testing.T) {
	secret := testKey(1).Value.Reveal()
	url, requests := refusing(t, http.StatusOK, `{"Parameters":"`+secret+`"`)
	_, err := newParameterStore(environment(url)).ListParameters(t.Context(), testPath, "", true)
	require.ErrorContains(t, err, "no JSON of a list of parameters")
	assert.NotContains(t, err.Error(), secret)
	assert.Equal(t, int32(tries), requests.Load())
}

func TestTheClientAsksForTheNextPage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked listRequest
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&asked))
		assert.False(t, asked.WithDecryption)
		answer := map[string]string{"": "two", "two": "three", "three": ""}
		assert.Contains(t, answer, asked.NextToken)
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{
			"Parameters": []any{map[string]any{"Name": testPath + "/" + string(testKey(byte(len(asked.NextToken))).Name), "LastModifiedDate": 1.7e9 + 0.25}},
			"NextToken":  answer[asked.NextToken],
		}))
	}))
	defer server.Close()
	store := newParameterStore(environment(server.URL))
	names, err := keystore.NewReader(store, testPath).Names(t.Context())
	require.NoError(t, err)
	assert.Len(t, names, 3)

	page, err := store.ListParameters(t.Context(), testPath, "three", false)
	require.NoError(t, err)
	assert.Equal(t, time.UnixMilli(1_700_000_000_250), page.Parameters[0].Modified)
}

func TestTheClientAsksParameterStoreOfItsRegion(t *testing.T) {
	for region, want := range map[string]string{
		"eu-central-1": "https://ssm.eu-central-1.amazonaws.com/",
		"cn-north-1":   "https://ssm.cn-north-1.amazonaws.com.cn/",
	} {
		store := newParameterStore(func(name string) string { return map[string]string{"AWS_REGION": region}[name] })
		assert.Equal(t, want, store.endpoint)
	}
}
