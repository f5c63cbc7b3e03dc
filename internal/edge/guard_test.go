package edge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

const header = "x-origin-key"

var key = keyring.NewValue([keyring.ValueSize]byte{7}).Reveal()

// now is the time of this machine's clock in the tests.
var now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// api is an HTTP client that returns a status, or an error, for a request with a key.
type api struct {
	status   int
	err      error
	date     time.Time // zero: now
	received *http.Request
}

func (a *api) Do(r *http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	if a.date.IsZero() {
		a.date = now
	}
	status := http.StatusUnauthorized
	if r.Header.Get(header) != "" {
		a.received, status = r, a.status
	}
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Date": {a.date.Format(http.TimeFormat)}},
		Body:       io.NopCloser(strings.NewReader("")),
	}, nil
}

// origin returns an origin of the distribution's inputs, with the header unless value is
// empty.
func origin(id, value string) resource.PropertyValue {
	fields := resource.PropertyMap{
		"originId":   resource.NewProperty(id),
		"domainName": resource.NewProperty(id + ".example.com"),
	}
	if value != "" {
		fields["customHeaders"] = resource.NewProperty([]resource.PropertyValue{resource.NewProperty(resource.PropertyMap{
			"name":  resource.NewProperty(header),
			"value": resource.MakeSecret(resource.NewProperty(value)),
		})})
	}
	return resource.NewProperty(fields)
}

func inputs(origins ...resource.PropertyValue) resource.PropertyMap {
	return resource.PropertyMap{"origins": resource.MakeSecret(resource.NewProperty(origins))}
}

func check(a *api, in resource.PropertyMap) (warned string, err error) {
	g := guard{http: a, header: header, prefix: "/api", now: func() time.Time { return now }, warn: func(message string) error { warned = message; return nil }}
	return warned, g.check(context.Background(), in)
}

func TestAcceptedKeyPasses(t *testing.T) {
	a := &api{status: http.StatusBadRequest} // accepted by the authorizer; the request is invalid
	warned, err := check(a, inputs(origin(OriginID, key), origin("other", "")))
	require.NoError(t, err)
	assert.Empty(t, warned)
	assert.Equal(t, "https://api.example.com/api/models", a.received.URL.String())
	assert.Equal(t, key, a.received.Header.Get(header))
}

func TestRejectedKeyStopsTheUpdate(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		_, err := check(&api{status: status}, inputs(origin(OriginID, key)))
		require.ErrorContains(t, err, "is no longer accepted")
		require.ErrorContains(t, err, "rotationGrace")
		assert.NotContains(t, err.Error(), key)
	}
}

func TestUnreachableAPIIsAWarningOnly(t *testing.T) {
	for _, a := range []*api{{err: errors.New("no such host")}, {status: http.StatusServiceUnavailable}} {
		warned, err := check(a, inputs(origin(OriginID, key)))
		require.NoError(t, err)
		assert.Contains(t, warned, "could not be checked")
		assert.NotContains(t, warned, key)
	}
}

func TestEveryOriginMustHaveTheSameKey(t *testing.T) {
	_, err := check(&api{status: http.StatusOK}, inputs(origin("stream", key), origin(OriginID, key)))
	require.NoError(t, err)

	a := &api{status: http.StatusOK}
	_, err = check(a, inputs(origin("stream", "another"), origin(OriginID, key)))
	require.ErrorContains(t, err, `origin "stream" of the distribution would have another key in the header x-origin-key`)
	assert.NotContains(t, err.Error(), key)
	assert.Nil(t, a.received, "no key is sent")
}

func TestWrongClockStopsTheUpdate(t *testing.T) {
	for ahead, want := range map[time.Duration]string{
		time.Minute:          "",
		-time.Minute:         "",
		61 * time.Second:     "1m1s ahead of the API's",
		-3 * time.Minute:     "3m0s behind the API's",
		24 * 365 * time.Hour: "8760h0m0s ahead of",
	} {
		a := &api{status: http.StatusOK, date: now.Add(-ahead)}
		_, err := check(a, inputs(origin(OriginID, key)))
		if want == "" {
			require.NoError(t, err, ahead)
			continue
		}
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "set the clock and run the update again")
		assert.Nil(t, a.received)
	}
}

func TestUpdateWithoutTheHeaderIsStopped(t *testing.T) {
	for _, in := range []resource.PropertyMap{{}, inputs(), inputs(origin(OriginID, "")), inputs(origin("stream", key))} {
		_, err := check(&api{status: http.StatusOK}, in)
		require.ErrorContains(t, err, "would have the header x-origin-key 0 times")
	}
}
