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

const header = "x-door"

var value = keyring.NewValue([keyring.ValueSize]byte{1})

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
		d := Door{server.Client(), server.URL, header, "/api"}
		d.HTTP.(*http.Client).CheckRedirect = NewHTTPClient().CheckRedirect
		assert.Equal(t, want == opens, d.Opens(t.Context(), value) == nil, "status %d", status)
		assert.Equal(t, want == shut, d.StaysShut(t.Context(), value) == nil, "status %d", status)
		server.Close()
	}
}

func TestARefusalIsTheAPIsOrTellsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		header  map[string]string
		refused bool
	}{
		"the API's":                    {map[string]string{"Apigw-Requestid": "a"}, true},
		"the API's, by CloudFront":     {map[string]string{"Apigw-Requestid": "a", "X-Cache": "Error from cloudfront"}, true},
		"CloudFront's or a firewall's": {map[string]string{"X-Cache": "Error from cloudfront"}, false},
	} {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range c.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(status)
			}))
			d := Door{server.Client(), server.URL, header, "/api"}
			err := d.Opens(t.Context(), value)
			require.Error(t, err, name)
			assert.Equal(t, c.refused, errors.Is(err, ErrRefused), name)
			assert.Equal(t, c.refused, d.StaysShut(t.Context(), value) == nil, name)
			if !c.refused {
				assert.ErrorContains(t, err, "from CloudFront or its firewall, which does not tell", name)
			}
			server.Close()
		}
	}
}

func TestHTTPClientGoesNowhereElse(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	err := Door{NewHTTPClient(), server.URL, header, "/api"}.Opens(t.Context(), value)
	require.ErrorContains(t, err, "status 307")
	assert.Zero(t, elsewhere.Load())
}

func TestHTTPClientVerifiesTLSAndShowsNoValue(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	err := Door{NewHTTPClient(), server.URL, header, "/api"}.Opens(t.Context(), value)
	require.ErrorContains(t, err, "certificate")
	assert.Zero(t, reached.Load())
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), value.Reveal())

	// Whatever a client quotes.
	err = Door{quoting{}, server.URL, header, "/api"}.Opens(t.Context(), value)
	require.ErrorContains(t, err, "[redacted]")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), value.Reveal())

	// A value that can't be a header's.
	err = Door{NewHTTPClient(), "http://127.0.0.1:1", header, "/api"}.Opens(t.Context(), keyring.HeaderValue("a\nb"))
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
	require.ErrorContains(t, Door{NewHTTPClient(), server.URL, header, "/api"}.Opens(ctx, value), "deadline")
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
		offset, err := Door{server.Client(), server.URL, header, "/api"}.ClockOffset(t.Context(), clock)
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
	_, err := Door{server.Client(), server.URL, header, "/api"}.ClockOffset(t.Context(), time.Now)
	assert.ErrorContains(t, err, "answered without a Date")
}
