package edge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

const header = "x-door"

var key = originkey.NewValue([originkey.ValueSize]byte{7}).Reveal()

// api answers with a status, or with an error.
type api struct {
	status int
	err    error
	asked  *http.Request
}

func (a *api) Do(r *http.Request) (*http.Response, error) {
	a.asked = r
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{StatusCode: a.status, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// origin is one of the distribution's inputs, with a header if it has a value.
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
	g := guard{http: a, header: header, prefix: "/api", warn: func(text string) error { warned = text; return nil }}
	return warned, g.check(context.Background(), in)
}

func TestAnAcceptedKeyPasses(t *testing.T) {
	a := &api{status: http.StatusBadRequest} // let in, and found wanting
	warned, err := check(a, inputs(origin(OriginID, key), origin("other", "")))
	require.NoError(t, err)
	assert.Empty(t, warned)
	assert.Equal(t, "https://api.example.com/api/models", a.asked.URL.String())
	assert.Equal(t, key, a.asked.Header.Get(header))
}

func TestARefusedKeyStopsTheUpdate(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		_, err := check(&api{status: status}, inputs(origin(OriginID, key)))
		require.ErrorContains(t, err, "Pulumi's state is older than the last rotation")
		require.ErrorContains(t, err, "pulumi up --refresh")
		assert.NotContains(t, err.Error(), key)
	}
}

func TestAnAPIThatCantBeAskedStopsNothing(t *testing.T) {
	for _, a := range []*api{{err: errors.New("no such host")}, {status: http.StatusServiceUnavailable}} {
		warned, err := check(a, inputs(origin(OriginID, key)))
		require.NoError(t, err)
		assert.Contains(t, warned, "could not be checked")
		assert.NotContains(t, warned, key)
	}
}

func TestAKeyOnTheWrongOriginStopsTheUpdate(t *testing.T) {
	for name, in := range map[string]resource.PropertyMap{
		"an origin in front": inputs(origin("images", key), origin(OriginID, key)),
		"another origin":     inputs(origin("images", key)),
	} {
		a := &api{status: http.StatusOK}
		_, err := check(a, in)
		require.ErrorContains(t, err, `origin "images" of the distribution would be sent the header x-door`, name)
		assert.NotContains(t, err.Error(), key)
		assert.Nil(t, a.asked, "%s: no key is sent anywhere", name)
	}
}

func TestAnUpdateWithoutTheHeaderIsStopped(t *testing.T) {
	for _, in := range []resource.PropertyMap{{}, inputs(), inputs(origin(OriginID, ""))} {
		_, err := check(&api{status: http.StatusOK}, in)
		require.ErrorContains(t, err, "would have the header x-door 0 times")
	}
}
