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
	assert.Equal(t, 1, found.Ring.Len())
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
