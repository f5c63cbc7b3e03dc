package api

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
	"github.com/gatehouse-iac/gatehouse/test/e2e/secretscan"
)

// keyParameter has the second backend's key.
const keyParameter = "/gatehouse/api-test/model-key"

// TestSecondBackend replaces Bedrock by a server that speaks OpenAI's chat completions and
// requires a key, and moves the function into the VPC.
func TestSecondBackend(t *testing.T) {
	e := e2etest.Attach(t)
	server, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.stop)
	store := ssm.NewFromConfig(awsclient.Config(e.Servers.Cloud.Endpoint()))
	e2etest.Cleanup(t, "delete the backend's key", func(ctx context.Context) error {
		_, err := store.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(keyParameter)})
		return err
	})
	if err := putKey(t.Context(), store, server.key()); err != nil {
		t.Fatal(err)
	}
	e = e2etest.Deploy(t, e, map[string]any{
		"gatehouse:modelBackend": "openai", "gatehouse:modelId": scriptedmodel.Model, "gatehouse:modelBaseUrl": server.url + "/v1",
		"gatehouse:modelAllowedIds": []string{}, "gatehouse:modelPrices": e2etest.Prices(scriptedmodel.Model),
		"gatehouse:modelApiKeyParameter": keyParameter,
		"gatehouse:modelInVpc":           true, "gatehouse:networkInterfaceEndpoints": []string{"ssm"},
	})
	a := New(e)
	echo := request{
		method: http.MethodPost, path: "/models", contentType: asJSON, status: http.StatusOK,
		body: `{"messages":[{"role":"user","content":"one two three"}],"max_tokens":2}`,
		has:  `"model":"echo","model_version":"fp_echo","text":"one two","stop_reason":"max_tokens","usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}`,
	}
	run := func(name string, r request) {
		t.Helper()
		r.name = name
		e2etest.Run(t, []check.Check{r.check(a)})
	}
	failing := echo
	failing.direct, failing.has = true, "" // CloudFront would respond itself

	run("the model answers", echo)
	run("the model is listed", request{method: http.MethodGet, path: "/models", status: http.StatusOK, has: `"id":"echo"`})
	run("it is ready", request{method: http.MethodGet, path: "/readyz", status: http.StatusOK, has: "ready"})
	e2etest.Run(t, a.clientChecks())

	server.change()
	if err := putKey(t.Context(), store, server.key()); err != nil {
		t.Error(err)
	}
	run("with a changed key", echo)

	server.change() // and Parameter Store keeps the one before
	failing.status, failing.code = http.StatusBadGateway, "model_failed"
	run("with a wrong key", failing)

	server.stop()
	failing.status, failing.code = http.StatusServiceUnavailable, "model_unavailable"
	run("without the server", failing)

	t.Run("no key in clear", func(t *testing.T) {
		scanner := secretscan.New(server.keys)
		l := e.Checkout
		files, scanned, err := scanner.Files(l.State(), l.Local("logs"), filepath.Join(l.PulumiHome(), "logs"))
		groups, events, logsErr := scanner.Logs(t.Context(), a.Cloud)
		if err := errors.Join(err, logsErr); err != nil {
			t.Fatal(err)
		}
		if len(files)+len(groups) > 0 {
			t.Errorf("a key of the backend is in clear in %s", append(files, groups...))
		}
		if scanned == 0 || events == 0 {
			t.Errorf("scanned %d files and %d events, want some of both", scanned, events)
		}
		t.Logf("in none of %d files, %d events", scanned, events)
	})
}

// server is the second backend, on a loopback port.
type server struct {
	url     string
	keys    []string // all that it has had; the last is the one that it requires
	current atomic.Pointer[http.Handler]
	http    *http.Server
}

func startServer() (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + listener.Addr().String()}
	s.change()
	s.http = &http.Server{
		ReadHeaderTimeout: requestTimeout,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			(*s.current.Load()).ServeHTTP(w, r)
		}),
	}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

func (s *server) key() string { return s.keys[len(s.keys)-1] }

// change has the server require another key.
func (s *server) change() {
	s.keys = append(s.keys, rand.Text())
	handler := scriptedmodel.Handler(scriptedmodel.Options{Key: s.key()})
	s.current.Store(&handler)
}

func (s *server) stop() { _ = s.http.Close() }

func putKey(ctx context.Context, store *ssm.Client, key string) error {
	_, err := store.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(keyParameter), Type: types.ParameterTypeSecureString, Value: aws.String(key), Overwrite: aws.Bool(true),
	})
	return err
}
