package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// keyParameter is where the second backend's key lies.
const keyParameter = "/gatehouse/api-test/model-key"

// secondBackend puts a server that speaks OpenAI's chat completions, and asks for a
// key, in Bedrock's place, the function into the VPC, and both back again.
func (t *test) secondBackend(ctx context.Context, s *progress.Step) (err error) {
	server, err := startServer()
	if err != nil {
		return err
	}
	defer server.stop()
	store := ssm.NewFromConfig(aws.Config{
		Region: awsclient.Region, BaseEndpoint: aws.String(t.api.Cloud), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	if err := putKey(ctx, store, server.key()); err != nil {
		return err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_, gone := store.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(keyParameter)})
		s.Doing("putting Bedrock back")
		err = errors.Join(err, gone, t.deploy(ctx, s, nil))
	}()
	err = t.deploy(ctx, s, map[string]any{
		"gatehouse:modelBackend": "openai", "gatehouse:modelId": privatemodel.Model, "gatehouse:modelBaseUrl": server.url + "/v1",
		"gatehouse:modelApiKeyParameter": keyParameter,
		"gatehouse:modelInVpc":           true, "gatehouse:networkInterfaceEndpoints": []string{"ssm"},
	})
	if err != nil {
		return err
	}
	s.Doing("asking")
	rows := t.askServer(ctx, server, store)
	return t.print(append(rows, t.withoutKeys(ctx, server.keys)...))
}

// askServer shows that the server answers, that its key may change, and what a
// client is told when it is away.
func (t *test) askServer(ctx context.Context, server *server, store *ssm.Client) []smoke.Row {
	echo := question{
		method: http.MethodPost, path: "/models", contentType: asJSON, status: http.StatusOK,
		body: `{"messages":[{"role":"user","content":"one two three"}],"max_tokens":2}`,
		says: `"model":"echo","model_version":"fp_echo","text":"one two","stop_reason":"max_tokens","usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}`,
	}
	named := func(q question, name string) question { q.name = name; return q }
	rows := []smoke.Row{
		named(echo, "another backend answers").ask(ctx, t.api),
		question{name: "its model is listed", method: http.MethodGet, path: "/models", status: http.StatusOK, says: `"id":"echo"`}.ask(ctx, t.api),
		question{name: "it is ready", method: http.MethodGet, path: "/readyz", status: http.StatusOK, says: "ready"}.ask(ctx, t.api),
	}
	rows = append(rows, openAIClient(ctx, t.api)...)

	server.change()
	err := putKey(ctx, store, server.key())
	row := named(echo, "its key has changed").ask(ctx, t.api)
	if err != nil {
		row.OK, row.Got = false, smoke.Short(err.Error())
	}
	rows = append(rows, row)

	server.change() // and Parameter Store does not know
	rows = append(rows, named(question{
		method: echo.method, path: echo.path, contentType: asJSON, body: echo.body, direct: true, status: http.StatusBadGateway, code: "model_failed",
	}, "its key is another").ask(ctx, t.api))

	server.stop()
	return append(rows, named(question{
		method: echo.method, path: echo.path, contentType: asJSON, body: echo.body, direct: true, status: http.StatusServiceUnavailable, code: "model_unavailable",
	}, "it is away").ask(ctx, t.api))
}

// withoutKeys shows that the server's keys stand nowhere in clear.
func (t *test) withoutKeys(ctx context.Context, keys []string) []smoke.Row {
	row := smoke.Row{Name: "the server's key in clear", Expected: "nowhere"}
	start := time.Now()
	scanner := smoke.NewScanner(keys)
	files, looked, err := scanner.Files(t.layout.State(), t.layout.Local("logs"), filepath.Join(t.layout.PulumiHome(), "logs"))
	groups, events, logsErr := smoke.ScanLogs(ctx, t.api.Cloud, scanner)
	row.Took = time.Since(start)
	switch err := errors.Join(err, logsErr); {
	case err != nil:
		row.Got = smoke.Short(err.Error())
	case len(files)+len(groups) > 0:
		row.Got = fmt.Sprintf("in %s", append(files, groups...))
	default:
		row.OK = looked > 0 && events > 0
		row.Got = fmt.Sprintf("in none of %d files, %d events", looked, events)
	}
	return []smoke.Row{row}
}

// server is the second backend, on loopback.
type server struct {
	url     string
	keys    []string // all that there were; the last is the one that it asks for
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
		ReadHeaderTimeout: answerTime,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			(*s.current.Load()).ServeHTTP(w, r)
		}),
	}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

func (s *server) key() string { return s.keys[len(s.keys)-1] }

// change lets the server ask for another key.
func (s *server) change() {
	s.keys = append(s.keys, rand.Text())
	handler := privatemodel.Handler(s.key())
	s.current.Store(&handler)
}

func (s *server) stop() { _ = s.http.Close() }

func putKey(ctx context.Context, store *ssm.Client, key string) error {
	_, err := store.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(keyParameter), Type: types.ParameterTypeSecureString, Value: aws.String(key), Overwrite: aws.Bool(true),
	})
	return err
}
