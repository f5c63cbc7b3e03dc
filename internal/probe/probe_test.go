package probe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

const header = "x-origin-verify"

var value = keyring.NewValue([keyring.ValueSize]byte{1})

func TestStatusesAreAcceptedRejectedOrInconclusive(t *testing.T) {
	const accepted, rejected, inconclusive = "accepted", "rejected", "inconclusive"
	for status, want := range map[int]string{
		200: accepted, 400: accepted, 404: accepted, 415: accepted,
		401: rejected, 403: rejected,
		301: inconclusive, 302: inconclusive, 429: inconclusive, 500: inconclusive, 502: inconclusive, 503: inconclusive, 504: inconclusive,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "GET /api/healthz", r.Method+" "+r.URL.Path)
			w.WriteHeader(status)
		}))
		api := Target{server.Client(), HTTPAPI, server.URL, header, "/api"}
		api.HTTP.(*http.Client).CheckRedirect = NewHTTPClient().CheckRedirect
		assert.Equal(t, want == accepted, api.CheckAccepted(t.Context(), value) == nil, "status %d", status)
		assert.Equal(t, want == rejected, api.CheckRejected(t.Context(), value) == nil, "status %d", status)
		server.Close()
	}
}

func TestADenialIsTheAPIsOrInconclusive(t *testing.T) {
	for name, c := range map[string]struct {
		header   map[string]string
		rejected bool
	}{
		"the API's":                     {map[string]string{"Apigw-Requestid": "a"}, true},
		"the REST API's":                {map[string]string{"x-amzn-RequestId": "a"}, true},
		"the REST API's, by CloudFront": {map[string]string{"x-amzn-RequestId": "a", "X-Cache": "Error from cloudfront"}, true},
		"the API's, by CloudFront":      {map[string]string{"Apigw-Requestid": "a", "X-Cache": "Error from cloudfront"}, true},
		"CloudFront's or a firewall's":  {map[string]string{"X-Cache": "Error from cloudfront"}, false},
	} {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range c.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(status)
			}))
			api := Target{server.Client(), HTTPAPI, server.URL, header, "/api"}
			err := api.CheckAccepted(t.Context(), value)
			require.Error(t, err, name)
			assert.Equal(t, c.rejected, errors.Is(err, ErrRejected), name)
			assert.Equal(t, c.rejected, api.CheckRejected(t.Context(), value) == nil, name)
			if !c.rejected {
				assert.ErrorContains(t, err, "from CloudFront or its firewall, which does not show", name)
			}
			server.Close()
		}
	}
}

func TestAFunctionWithoutExecutionsIsBehindTheAuthorizer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(AuthorizedHeader, "true")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	api := Target{server.Client(), StreamingAPI, server.URL, header, "/api"}
	require.NoError(t, api.CheckAccepted(t.Context(), value))
	require.ErrorContains(t, api.CheckRejected(t.Context(), value), "open to requests")
}

// Through CloudFront, only the path leads to one API or the other.
func TestEachAPIHasAPathOfItsOwn(t *testing.T) {
	for api, want := range map[API]string{HTTPAPI: "/api/healthz", StreamingAPI: "/live/api/chat/healthz"} {
		var got []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.Method+" "+r.URL.Path)
			assert.Equal(t, value.Reveal(), r.Header.Get(header))
			w.WriteHeader(http.StatusForbidden)
		}))
		target := Target{server.Client(), api, server.URL, header, "/api"}
		if api == StreamingAPI {
			target.URL += "/live"
		}
		err := target.CheckAccepted(t.Context(), value)
		require.ErrorIs(t, err, ErrRejected)
		require.ErrorContains(t, err, server.URL+want, "says which API")
		require.NoError(t, target.CheckRejected(t.Context(), value))
		assert.Equal(t, []string{"GET " + want, "GET " + want}, got)
		server.Close()
	}
}

func TestHTTPClientFollowsNoRedirect(t *testing.T) {
	var redirected atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { redirected.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	err := Target{NewHTTPClient(), HTTPAPI, server.URL, header, "/api"}.CheckAccepted(t.Context(), value)
	require.ErrorContains(t, err, "status 307")
	assert.Zero(t, redirected.Load())
}

func TestHTTPClientVerifiesTLSAndShowsNoValue(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	err := Target{NewHTTPClient(), HTTPAPI, server.URL, header, "/api"}.CheckAccepted(t.Context(), value)
	require.ErrorContains(t, err, "certificate")
	assert.Zero(t, reached.Load())
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), value.Reveal())

	// A client that quotes the header.
	err = Target{quoting{}, HTTPAPI, server.URL, header, "/api"}.CheckAccepted(t.Context(), value)
	require.ErrorContains(t, err, "[redacted]")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), value.Reveal())

	// A value that can't be a header's.
	err = Target{NewHTTPClient(), HTTPAPI, "http://127.0.0.1:1", header, "/api"}.CheckAccepted(t.Context(), keyring.HeaderValue("a\nb"))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "a\nb")
}

type quoting struct{}

func (quoting) Do(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("can't send %v", r.Header)
}

func TestRequestsTimeOut(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, Target{NewHTTPClient(), HTTPAPI, server.URL, header, "/api"}.CheckAccepted(ctx, value), "deadline")
}

func TestClockOffset(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	for date, want := range map[string]time.Duration{
		"Sat, 31 Jan 2026 12:00:00 GMT": 0,
		"Sat, 31 Jan 2026 11:58:30 GMT": 90 * time.Second,
		"Sat, 31 Jan 2026 13:00:00 GMT": -time.Hour,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Empty(t, r.Header.Get(header), "no key is sent")
			w.Header().Set("Date", date)
			w.WriteHeader(http.StatusUnauthorized)
		}))
		offset, err := Target{server.Client(), HTTPAPI, server.URL, header, "/api"}.ClockOffset(t.Context(), clock)
		require.NoError(t, err)
		assert.Equal(t, want, offset, date)
		server.Close()
	}
}

func TestClockOffsetWithoutADate(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
	}))
	defer server.Close()
	_, err := Target{server.Client(), HTTPAPI, server.URL, header, "/api"}.ClockOffset(t.Context(), time.Now)
	assert.ErrorContains(t, err, "has no Date")
}
