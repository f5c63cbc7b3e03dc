package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

func TestDoorsVerdicts(t *testing.T) {
	const opens, shut, unknown = "opens", "shut", "unknown"
	for status, want := range map[int]string{
		200: opens, 400: opens, 404: opens, 415: opens,
		401: shut, 403: shut,
		301: unknown, 302: unknown, 429: unknown, 500: unknown, 502: unknown, 503: unknown, 504: unknown,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "POST /api/models", r.Method+" "+r.URL.Path)
			w.WriteHeader(status)
		}))
		d := door{server.Client(), server.URL, testHeader}
		d.http.(*http.Client).CheckRedirect = newHTTPClient().CheckRedirect
		assert.Equal(t, want == opens, d.opens(t.Context(), testKey(1).Value) == nil, "status %d", status)
		assert.Equal(t, want == shut, d.staysShut(t.Context(), testKey(1).Value) == nil, "status %d", status)
		server.Close()
	}
}

func TestHTTPClientGoesNowhereElse(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	err := door{newHTTPClient(), server.URL, testHeader}.opens(t.Context(), testKey(1).Value)
	require.ErrorContains(t, err, "status 307")
	assert.Zero(t, elsewhere.Load())
}

func TestHTTPClientVerifiesTLSAndShowsNoValue(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	value := testKey(1).Value
	err := door{newHTTPClient(), server.URL, testHeader}.opens(t.Context(), value)
	require.ErrorContains(t, err, "certificate")
	assert.Zero(t, reached.Load())
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), value.Reveal())

	// Whatever a client quotes.
	err = door{quoting{}, server.URL, testHeader}.opens(t.Context(), value)
	require.ErrorContains(t, err, "[redacted]")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), value.Reveal())

	// A value that can't be a header's.
	err = door{newHTTPClient(), "http://127.0.0.1:1", testHeader}.opens(t.Context(), originkey.HeaderValue("a\nb"))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "a\nb")
}

type quoting struct{}

func (quoting) Do(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("can't send %v", r.Header)
}

func TestKnocksEnd(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, door{newHTTPClient(), server.URL, testHeader}.opens(ctx, testKey(1).Value), "deadline")
}

func TestRefusedEnvironment(t *testing.T) {
	t.Setenv("GATEHOUSE_STACK", "")
	_, err := newRotator(t.Context())
	require.ErrorContains(t, err, "GATEHOUSE_KEY_PATH is not set")
}

func TestNewRotator(t *testing.T) {
	for name, text := range map[string]string{
		"GATEHOUSE_STACK": "gatehouse-test", "GATEHOUSE_KEY_PATH": testPath, "GATEHOUSE_KMS_KEY": testKMS, "GATEHOUSE_ORIGIN_HEADER": testHeader,
		"GATEHOUSE_INTERVAL": "6h", "GATEHOUSE_SETTLE": "30s", "GATEHOUSE_GRACE": "30m", "GATEHOUSE_DRAIN": "1m", "GATEHOUSE_CACHE_TIME": "6m",
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	} {
		t.Setenv(name, text)
	}
	r, err := newRotator(t.Context())
	require.NoError(t, err)
	assert.Equal(t, testSettings, r.settings)
	assert.WithinDuration(t, time.Now(), r.now(), time.Minute)
}
