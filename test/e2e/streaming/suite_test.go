package streaming

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

var brief = flag.Bool("brief", false, "leave out what takes minutes")

// TestMain lets the tests that wait for a stream wait together: they need next to no
// processor.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// The models of the local stack that the tests use.
const (
	microModel  = "amazon.nova-micro-v1:0"
	claudeModel = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
)

// functionName is the name of the function that streams. Faults of its calls of Bedrock
// have it as a part of the caller's ARN.
const functionName = "gatehouse-" + pulumicli.StackName + "-model-stream"

// suite has what the tests need of the running stack.
type suite struct {
	env   *env.Environment
	cloud awsclient.Controls
	logs  *cloudwatchlogs.Client
	iam   *iam.Client

	viewer  chatstream.Target // through CloudFront
	direct  chatstream.Target // the REST API, without a key
	backend chatstream.Target // the scripted model, asked directly

	newKey                 credential.Key // that no function has seen; see newClient
	model, thinker         string         // of the stack
	backendModel           string         // the same asked directly
	header                 string         // that carries the origin key
	failing                func(context.Context, failure) (restore func(context.Context) error, err error)
	authorizer, restServer string // log groups: of the authorizer, and of the function that streams
}

// attach returns the suite on the running stack, with Bedrock as its backend.
func attach(t *testing.T) *suite {
	t.Helper()
	e := e2etest.Attach(t)
	s := newSuite(t, e)
	if err := s.cloud.SetFaults(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// newSuite returns the suite on a deployed stack.
func newSuite(t *testing.T, e *env.Environment) *suite {
	t.Helper()
	if e.StreamURL() == "" {
		t.Fatalf("the stack has no output %s: bring it up to date with `make local`", env.StreamOutput)
	}
	config, prefix := awsclient.Config(e.Servers.Cloud.Endpoint()), e.Outputs["apiPrefix"]
	s := &suite{
		env: e, cloud: awsclient.Controls{Endpoint: e.Servers.Cloud.Endpoint()},
		logs: cloudwatchlogs.NewFromConfig(config), iam: iam.NewFromConfig(config),
		viewer:  chatstream.Target{URL: e.DistributionURL() + prefix, Header: e.Authorization()},
		direct:  chatstream.Target{URL: e.StreamURL() + prefix, Host: e.StreamHost(), Header: e.Authorization()},
		backend: chatstream.Target{URL: awsserver.URL(e.Servers.Cloud.Ports.PrivateModel) + "/v1"},
		model:   microModel, thinker: claudeModel, backendModel: "echo", header: http.CanonicalHeaderKey(e.Outputs["originHeaderName"]),
		authorizer: "/aws/lambda/gatehouse-" + pulumicli.StackName + "-authorizer", restServer: "/aws/lambda/" + functionName,
	}
	s.failing = s.bedrockFails
	return s
}

// withKey returns the REST API with values in the origin header.
func (s *suite) withKey(values ...string) chatstream.Target {
	return s.direct.With(s.header, values...)
}

// key returns a key that every authorizer knows: the oldest.
func (s *suite) key(ctx context.Context) (string, error) {
	keys, err := awsclient.Keyring(ctx, s.env.Servers.Cloud.Endpoint(), s.env.Outputs["parameterPath"])
	if err != nil {
		return "", err
	}
	return keys[0], nil
}

// says returns a message that has the scripted model behave in some way; see
// [github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel].
func says(text string, how ...string) string {
	for _, one := range how {
		text += " [[" + one + "]]"
	}
	return text
}

// ask returns a request to the stack's model.
func (s *suite) ask(message string) chatstream.Request {
	return chatstream.Request{Model: s.model, Message: message}
}

// within returns a context that ends with an error of the test rather than with go test's
// own.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), d, fmt.Errorf("not done after %s", d))
	t.Cleanup(cancel)
	return ctx
}

// now returns the time as log events have it. The clock of the emulated AWS is this machine's.
func now() int64 { return time.Now().UnixMilli() }

// logged returns the messages of a log group since a time in milliseconds, oldest first.
func (s *suite) logged(ctx context.Context, group string, since int64) ([]string, error) {
	var events []types.FilteredLogEvent
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(s.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: &since})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the log group %s: %w", group, err)
		}
		events = append(events, page.Events...)
	}
	slices.SortStableFunc(events, func(a, b types.FilteredLogEvent) int {
		return cmp.Compare(aws.ToInt64(a.Timestamp), aws.ToInt64(b.Timestamp))
	})
	var messages []string
	for _, e := range events {
		messages = append(messages, aws.ToString(e.Message))
	}
	return messages, nil
}

// awaitLog waits for a message of a log group that has all of some parts.
func (s *suite) awaitLog(ctx context.Context, group string, since int64, parts ...string) (string, error) {
	const wait = 10 * time.Second
	for deadline := time.Now().Add(wait); ; {
		messages, err := s.logged(ctx, group, since)
		if err != nil {
			return "", err
		}
		for _, m := range messages {
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(m, part) }) {
				return m, nil
			}
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("no message with %q among %d of %s", parts, len(messages), group)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return "", err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// members returns the members of a request, with more of them.
func members(some map[string]any, more map[string]any) map[string]any {
	all := maps.Clone(some)
	maps.Copy(all, more)
	return all
}
