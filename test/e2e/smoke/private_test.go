package smoke

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
)

// privateStack answers as the front door and the API before a private model do.
type privateStack struct {
	key   string
	leaks bool // hands the key on
	plain bool // has no documents for failures
	away  atomic.Bool
}

func (p *privateStack) front(w http.ResponseWriter, r *http.Request) {
	if p.away.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		if !p.plain {
			_, _ = w.Write([]byte(`{"type":"about:blank","title":"Service Unavailable","status":503}`))
		}
		return
	}
	seen := privatemodel.Seen{Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/api/inference"), Query: r.URL.RawQuery, Headers: []string{"accept"}}
	if p.leaks {
		seen.Headers = append(seen.Headers, "x-door")
	}
	_ = json.NewEncoder(w).Encode(seen)
}

func (p *privateStack) direct(w http.ResponseWriter, r *http.Request) {
	switch r.Header.Get("x-door") {
	case "":
		w.WriteHeader(http.StatusUnauthorized)
	case p.key:
		p.front(w, r)
	default:
		w.WriteHeader(http.StatusForbidden)
	}
}

func provePrivate(t *testing.T, p *privateStack) []Row {
	t.Helper()
	front, direct := httptest.NewServer(http.HandlerFunc(p.front)), httptest.NewServer(http.HandlerFunc(p.direct))
	defer front.Close()
	defer direct.Close()
	return private(t.Context(), Target{
		DistributionURL: front.URL, APIURL: direct.URL, HeaderName: "x-door",
		Private: Private{
			Prefix: "/api/inference",
			Stop:   func(context.Context) error { p.away.Store(true); return nil },
			Start:  func(context.Context) error { p.away.Store(false); return nil },
		},
	}, p.key, func(string) {})
}

func TestAPrivateModelAsItHasToBe(t *testing.T) {
	rows := provePrivate(t, &privateStack{key: "opensesame"})
	if len(rows) != 5 || !Passed(rows) {
		t.Errorf("%+v", rows)
	}
}

func TestAKeyThatReachesTheModelIsSeen(t *testing.T) {
	rows := provePrivate(t, &privateStack{key: "opensesame", leaks: true})
	if !slices.ContainsFunc(rows, func(r Row) bool { return !r.OK && strings.Contains(r.Got, "the key reached the model") }) {
		t.Errorf("%+v", rows)
	}
}

func TestAPageThatIsNoProblemIsSeen(t *testing.T) {
	if rows := provePrivate(t, &privateStack{key: "opensesame", plain: true}); Passed(rows) {
		t.Errorf("%+v", rows)
	}
}

func TestARequestSeenOtherwiseIsWrong(t *testing.T) {
	for _, seen := range []string{
		`{"method":"POST","path":"/api/inference/v1/echo","query":"a=b"}`,
		`{"method":"POST","path":"/v1/echo","query":""}`,
		`{"method":"GET","path":"/v1/echo","query":"a=b"}`,
		`no JSON`,
	} {
		if judge([]byte(seen), "x-door") == nil {
			t.Errorf("%s was taken for right", seen)
		}
	}
}
