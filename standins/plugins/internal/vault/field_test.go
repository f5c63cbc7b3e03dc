package vault

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestNamesOfProperties(t *testing.T) {
	for _, test := range []struct {
		f    field
		want resource.PropertyKey
	}{
		{field{name: "ttl"}, "ttl"},
		{field{name: "min_seconds_remaining"}, "minSecondsRemaining"},
		{field{name: "audit_non_hmac_request_keys"}, "auditNonHmacRequestKeys"},
		{field{name: "ou", sdk: "organizationUnit"}, "organizationUnit"},
	} {
		if got := test.f.property(); got != test.want {
			t.Errorf("%s: got %s", test.f.name, got)
		}
	}
}

func TestFromVault(t *testing.T) {
	for _, test := range []struct {
		f      field
		answer any
		want   any
	}{
		{field{kind: text}, "a", "a"},
		{field{kind: text}, json.Number("2592000"), "2592000"},
		{field{kind: text, traits: duration}, json.Number("43200"), "12h"},
		{field{kind: text, traits: duration}, json.Number("90"), "1m30s"},
		{field{kind: text, traits: duration}, json.Number("3660"), "1h1m"},
		{field{kind: text, traits: duration}, json.Number("0"), "0s"},
		{field{kind: text}, []any{"a", "b"}, "a\nb"},
		{field{kind: number}, json.Number("5"), 5},
		{field{kind: flag}, true, true},
		{field{kind: list}, []any{"a"}, []string{"a"}},
		{field{kind: set}, "a", []string{"a"}},
		{field{kind: list}, nil, nil},
	} {
		if got, err := test.f.fromVault(test.answer); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v: got %v, %v", test.answer, got, err)
		}
	}
	if _, err := (field{name: "ttl", kind: number}).fromVault("soon"); err == nil || !strings.Contains(err.Error(), "ttl") {
		t.Errorf("got %v", err)
	}
}

func TestFromSDKShowsNoValue(t *testing.T) {
	for _, k := range []kind{number, flag, list, joined, set, dict} {
		_, err := field{kind: k}.fromSDK(resource.MakeSecret(resource.NewProperty("hunter2")))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("kind %d: got %v", k, err)
		}
	}
}

func TestSame(t *testing.T) {
	for _, test := range []struct {
		f    field
		a, b any
		want bool
	}{
		{field{kind: text}, nil, "", true},
		{field{kind: flag}, nil, false, true},
		{field{kind: list}, nil, []string{}, true},
		{field{kind: text}, "720h", "2592000", false},
		{field{kind: text, traits: duration}, "720h", "2592000", true},
		{field{kind: text, traits: duration}, "720h", "721h", false},
		{field{kind: text, traits: duration}, "720h", "never", false},
		{field{kind: list}, []string{"a", "b"}, []string{"b", "a"}, false},
		{field{kind: set}, []string{"a", "b"}, []string{"b", "a"}, true},
		{field{kind: dict}, map[string]string{"a": "b"}, map[string]string{"a": "b"}, true},
		{field{kind: number}, 1, 2, false},
	} {
		if got := test.f.same(test.a, test.b); got != test.want {
			t.Errorf("%v, %v: got %t", test.a, test.b, got)
		}
		if got := test.f.same(test.b, test.a); got != test.want {
			t.Errorf("%v, %v: got %t", test.b, test.a, got)
		}
	}
}

func TestRenewPending(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for _, test := range []struct {
		expiration, remaining int
		want                  bool
	}{
		{1_000_100, 99, false},
		{1_000_100, 100, false},
		{1_000_100, 101, true},
		{999_999, 0, true},
	} {
		if got := renewPending(values{"expiration": test.expiration, "min_seconds_remaining": test.remaining}, now); got != test.want {
			t.Errorf("%d, %d: got %t", test.expiration, test.remaining, got)
		}
	}
}
