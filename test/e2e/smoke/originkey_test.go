package smoke

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
)

const secret = "q7/Zk+3vLw9xT2=bN5cR8sD1fG4hJ6mP0"

// imitateOriginKey is a stack whose distribution adds the key and whose API checks it.
func imitateOriginKey(t *testing.T, key, reply string) *env.Environment {
	t.Helper()
	api := func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("x-key") {
		case "":
			w.WriteHeader(http.StatusUnauthorized)
		case key:
			_, _ = w.Write([]byte(reply))
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	}
	direct := httptest.NewServer(http.HandlerFunc(api))
	t.Cleanup(direct.Close)
	viewer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("x-key", key)
		api(w, r)
	}))
	t.Cleanup(viewer.Close)
	return originKeyStack("x-key", port(t, viewer), port(t, direct))
}

func originKeyStack(header string, distribution, api int) *env.Environment {
	e := &env.Environment{Outputs: map[string]string{"originHeaderName": header, "apiPrefix": "/api"}}
	e.Servers.Cloud.Ports = awsserver.Ports{Distribution: distribution, API: api}
	return e
}

const modelReply = `{"model":"m","text":"Hi.","stop_reason":"end_turn"}`

func TestOriginKey(t *testing.T) {
	results := func(e *env.Environment, key string) []check.Result {
		return check.Run(t.Context(), originKey(e, key), func(string) {})
	}
	good := imitateOriginKey(t, secret, modelReply)
	if all := results(good, secret); !check.Passed(all) || !strings.Contains(all[0].Got, "Hi.") {
		t.Errorf("a sound stack failed: %+v", all)
	}
	ports := good.Servers.Cloud.Ports
	for name, test := range map[string]struct {
		stack *env.Environment
		key   string
		want  string // one letter for each check
	}{
		"the API is open":           {originKeyStack("x-key", ports.Distribution, ports.Distribution), secret, "..xx."},
		"the keyring has another":   {good, "another-key-of-that-length", "....x"},
		"no model answers":          {imitateOriginKey(t, secret, `{"error":"x"}`), secret, "xx..x"},
		"the answer is not JSON":    {imitateOriginKey(t, secret, "Hi."), secret, "xx..x"},
		"no server":                 {originKeyStack("x-key", 1, 1), secret, "xxxxx"},
		"the viewer's header wins":  {originKeyStack("x-key", ports.API, ports.API), secret, "xx..."},
		"the header has other name": {originKeyStack("x-other", ports.Distribution, ports.API), secret, "...xx"},
	} {
		if got := outcome(results(test.stack, test.key)); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

// outcome has a letter for each result: "x" for one that failed.
func outcome(results []check.Result) (all string) {
	for _, r := range results {
		if r.Err == nil {
			all += "."
		} else {
			all += "x"
		}
	}
	return all
}

func TestPreview(t *testing.T) {
	for _, test := range []struct {
		changes string
		err     error
		pass    bool
	}{
		{"no change", nil, true},
		{"1 to update", errors.New("exit status 1"), false},
		{"no change", errors.New("exit status 1"), false},
		{"1 to update", nil, false},
	} {
		c := preview(func(context.Context) (string, error) { return test.changes, test.err })
		if r := c.Do(t.Context()); (r.Err == nil) != test.pass {
			t.Errorf("%+v gave %+v", test, r)
		}
	}
}
