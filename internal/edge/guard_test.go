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

	streamStatuses []int // of requests with a key to the REST API, one after another; then the status
	streamed       []string
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
		status = a.status
		if strings.HasPrefix(r.URL.Host, StreamOriginID+".") {
			a.streamed = append(a.streamed, r.URL.String())
			if len(a.streamStatuses) > 0 {
				status, a.streamStatuses = a.streamStatuses[0], a.streamStatuses[1:]
			}
		} else {
			a.received = r
		}
	}
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Date": {a.date.Format(http.TimeFormat)}},
		Body:       io.NopCloser(strings.NewReader("")),
	}, nil
}

// originInput returns an origin of the distribution's inputs, with the header unless value is
// empty.
func originInput(id, value string) resource.PropertyValue {
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
	if id == StreamOriginID {
		fields["originPath"] = resource.NewProperty("/live")
	}
	return resource.NewProperty(fields)
}

func inputs(origins ...resource.PropertyValue) resource.PropertyMap {
	return resource.PropertyMap{"origins": resource.MakeSecret(resource.NewProperty(origins))}
}

func check(a *api, in resource.PropertyMap) (warned string, err error) {
	g := guard{http: a, header: header, prefix: "/api", now: func() time.Time { return now }, sleep: func(time.Duration) {}, warn: func(message string) error { warned = message; return nil }}
	return warned, g.check(context.Background(), in)
}

func TestAcceptedKeyPasses(t *testing.T) {
	a := &api{status: http.StatusBadRequest} // accepted by the authorizer; the request is invalid
	warned, err := check(a, inputs(originInput(OriginID, key), originInput("other", "")))
	require.NoError(t, err)
	assert.Empty(t, warned)
	assert.Equal(t, "https://api.example.com/api/healthz", a.received.URL.String())
	assert.Equal(t, key, a.received.Header.Get(header))
}

func TestRejectedKeyStopsTheUpdate(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		_, err := check(&api{status: status}, inputs(originInput(OriginID, key)))
		require.ErrorContains(t, err, "is no longer accepted")
		require.ErrorContains(t, err, "rotationGrace")
		assert.NotContains(t, err.Error(), key)
	}
}

func TestUnreachableAPIIsAWarningOnly(t *testing.T) {
	for _, a := range []*api{{err: errors.New("no such host")}, {status: http.StatusServiceUnavailable}} {
		warned, err := check(a, inputs(originInput(OriginID, key)))
		require.NoError(t, err)
		assert.Contains(t, warned, "could not be checked")
		assert.NotContains(t, warned, key)
	}
}

func TestEveryOriginMustHaveTheSameKey(t *testing.T) {
	for name, in := range map[string]resource.PropertyMap{
		"the REST API first":   inputs(originInput(StreamOriginID, key), originInput(OriginID, key)),
		"the REST API second":  inputs(originInput(OriginID, key), originInput(StreamOriginID, key)),
		"and one of no API":    inputs(originInput(OriginID, key), originInput("images", key), originInput(StreamOriginID, key)),
		"another without any":  inputs(originInput("images", ""), originInput(OriginID, key), originInput(StreamOriginID, key)),
		"the HTTP API and one": inputs(originInput("images", key), originInput(OriginID, key)),
	} {
		_, err := check(&api{status: http.StatusOK}, in)
		require.NoError(t, err, name)
	}
	for name, in := range map[string]resource.PropertyMap{
		`origin "stream" of the distribution would have another key in the header x-origin-key than origin "api"`:   inputs(originInput(OriginID, key), originInput(StreamOriginID, "another")),
		`origin "api" of the distribution would have another key in the header x-origin-key than origin "stream"`:   inputs(originInput(StreamOriginID, "another"), originInput(OriginID, key)),
		`origin "images" of the distribution would have another key in the header x-origin-key than origin "api"`:   inputs(originInput(OriginID, key), originInput("images", "another")),
		`the distribution's origin "stream" would have the header x-origin-key 0 times; it must have it once`:       inputs(originInput(OriginID, key), originInput(StreamOriginID, "")),
		`origin "stream" of the distribution would have another key in the header x-origin-key than origin "other"`: inputs(originInput("other", key), originInput(StreamOriginID, "another"), originInput(OriginID, key)),
	} {
		a := &api{status: http.StatusOK}
		_, err := check(a, in)
		require.ErrorContains(t, err, name)
		assert.NotContains(t, err.Error(), key)
		assert.Nil(t, a.received, "no key is sent")
		assert.Empty(t, a.streamed, "no key is sent")
	}
}

func TestTheKeyIsCheckedAtBothAPIs(t *testing.T) {
	both := inputs(originInput(OriginID, key), originInput(StreamOriginID, key))
	const url = "https://stream.example.com/live/api/chat/healthz"

	a := &api{status: http.StatusOK}
	warned, err := check(a, both)
	require.NoError(t, err)
	assert.Empty(t, warned)
	assert.Equal(t, "https://api.example.com/api/healthz", a.received.URL.String())
	assert.Equal(t, []string{url}, a.streamed)

	a = &api{status: http.StatusOK, streamStatuses: []int{403, 403, 403}}
	_, err = check(a, both)
	require.NoError(t, err, "an API that was just deployed rejects everything for some seconds")
	assert.Equal(t, []string{url, url, url, url}, a.streamed)

	a = &api{status: http.StatusOK, streamStatuses: []int{403, 403, 403, 403, 200}}
	_, err = check(a, both)
	require.ErrorContains(t, err, "is no longer accepted by the streaming REST API")

	a = &api{status: http.StatusOK, streamStatuses: []int{502}}
	warned, err = check(a, both)
	require.NoError(t, err)
	assert.Contains(t, warned, "could not be checked at the streaming REST API")
	assert.Len(t, a.streamed, 1)
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
		_, err := check(a, inputs(originInput(OriginID, key)))
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
	for _, in := range []resource.PropertyMap{{}, inputs(), inputs(originInput(OriginID, "")), inputs(originInput("images", key))} {
		_, err := check(&api{status: http.StatusOK}, in)
		require.ErrorContains(t, err, "would have the header x-origin-key 0 times")
	}
}
