package budgets

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// access is the setting of who may ask the API.
const access = "gatehouse:clientAccess"

// viewers send requests one after another until they stop: to both APIs and to the private
// route.
type viewers struct {
	name   string
	header http.Header

	mu       sync.Mutex
	sent     int
	failures []string

	stop  context.CancelFunc
	ended sync.WaitGroup
}

func startViewers(ctx context.Context, name string, e *env.Environment, header http.Header) *viewers {
	ctx, stop := context.WithCancel(ctx)
	v := &viewers{name: name, header: header, stop: stop}
	prefix := e.DistributionURL() + e.Outputs["apiPrefix"]
	for path, body := range map[string]string{
		prefix + "/models":                   hello,
		prefix + chatstream.Path:             `{"model":"` + model + `",` + hello[1:],
		prefix + "/v1/models":                "",
		prefix + chatstream.Path + "?stream": `{"model":"` + model + `","stream":true,` + hello[1:],
		e.DistributionURL() + e.Outputs["inferencePrefix"] + "/v1/echo": hello,
	} {
		v.ended.Go(func() { v.view(ctx, path, body) })
	}
	return v
}

func (v *viewers) view(ctx context.Context, url, body string) {
	for ctx.Err() == nil {
		failure := v.one(context.WithoutCancel(ctx), url, body)
		v.mu.Lock()
		v.sent++
		if failure != "" {
			v.failures = append(v.failures, failure)
		}
		v.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(150 * time.Millisecond):
		}
	}
}

func (v *viewers) one(ctx context.Context, url, body string) string {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	for name, values := range v.header {
		request.Header[name] = values
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		return fmt.Sprintf("%s %s: %d %.200q %v", time.Now().Format(time.TimeOnly), url, got.StatusCode, content, err)
	}
	return ""
}

// end stops the requests, and fails the test if any failed.
func (v *viewers) end(t *testing.T) {
	t.Helper()
	v.stop()
	v.ended.Wait()
	t.Logf("%s: %d requests, %d failed", v.name, v.sent, len(v.failures))
	if v.sent == 0 {
		t.Errorf("%s: no request was sent", v.name)
	}
	for _, failure := range v.failures[:min(len(v.failures), 10)] {
		t.Errorf("%s: %s", v.name, failure)
	}
}

// TestMigration goes from an open API to one with keys, and back, under traffic. Viewers
// without a key are served until keys are required, and those with one from the moment at
// which they have it. No request fails.
func TestMigration(t *testing.T) {
	s := attach(t)
	deploy := func(e *env.Environment, to string) *env.Environment {
		t.Helper()
		changed, err := e.Deploy(t.Context(), map[string]any{access: to}, func(string) {})
		if err != nil {
			t.Fatalf("deploy with %s: %v", to, err)
		}
		return changed
	}
	open := e2etest.Deploy(t, s.env, map[string]any{access: lambdaenv.ClientAccessOpen})
	if !open.ClientKey.IsZero() {
		t.Fatal("the open stack has a table of clients")
	}
	keyless := startViewers(t.Context(), "without a key, from open to migrating", open, nil)
	migrating := deploy(open, lambdaenv.ClientAccessMigrating)
	withKey := startViewers(t.Context(), "with a key, from migrating to keys and back to open", migrating, migrating.Authorization())
	time.Sleep(2 * time.Second)
	keyless.end(t)
	keys := deploy(migrating, lambdaenv.ClientAccessKeys)
	s = newSuite(t, keys)
	expect(t, s.post(t, nil), http.StatusUnauthorized, "missing_credential")
	if changed, err := keys.Stack.Preview(t.Context(), func(string) {}); err != nil {
		t.Errorf("a second preview: %s %v", changed, err)
	}
	back := deploy(keys, lambdaenv.ClientAccessMigrating)
	keyless = startViewers(t.Context(), "without a key, from migrating to open", back, nil)
	deploy(back, lambdaenv.ClientAccessOpen)
	keyless.end(t)
	withKey.end(t)
}
