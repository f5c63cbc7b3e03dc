package bedrock

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

const testModel = "amazon.nova-micro-v1:0"

// answer is the fake service's response to one request.
type answer struct {
	status    int
	errorType string
	body      string
}

const hang = "hang"

// service fakes Bedrock: it returns its answers in order, and repeats the last.
type service struct {
	answers []answer
	headers http.Header // of each response

	mutex    sync.Mutex
	requests []received
}

// received is a request.
type received struct {
	path string
	body []byte
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mutex.Lock()
	s.requests = append(s.requests, received{r.URL.Path, body})
	a := s.answers[min(len(s.requests), len(s.answers))-1]
	s.mutex.Unlock()
	if a.body == hang {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/converse-stream") && a.status == http.StatusOK {
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	}
	for name, values := range s.headers {
		w.Header()[name] = values
	}
	w.Header().Set("X-Amzn-Errortype", a.errorType)
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// at returns a provider for a server, which retries without waiting.
func at(url string) *Provider {
	retryer := NewRetryer().(*retry.Standard)
	return &Provider{Probe: testModel, API: bedrockruntime.New(bedrockruntime.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
		Retryer:      atOnce{retryer},
	}, func(o *bedrockruntime.Options) { o.HTTPClient = NewHTTPClient(o.HTTPClient) })}
}

type atOnce struct{ *retry.Standard }

func (atOnce) RetryDelay(int, error) (time.Duration, error) { return time.Millisecond, nil }

func before(t testing.TB, answers ...answer) (*Provider, *service) {
	t.Helper()
	s := &service{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return at(server.URL), s
}

// event is an event of a stream: its type, and its content in JSON.
type event struct{ kind, body string }

// encoded returns events as Bedrock sends them. A type that ends with Exception is that
// of an error.
func encoded(t testing.TB, events ...event) string {
	t.Helper()
	var stream bytes.Buffer
	encoder := eventstream.NewEncoder()
	for _, e := range events {
		message := eventstream.Message{Payload: []byte(e.body)}
		message.Headers.Set(":content-type", eventstream.StringValue("application/json"))
		if strings.HasSuffix(e.kind, "Exception") {
			message.Headers.Set(":message-type", eventstream.StringValue("exception"))
			message.Headers.Set(":exception-type", eventstream.StringValue(e.kind))
		} else {
			message.Headers.Set(":message-type", eventstream.StringValue("event"))
			message.Headers.Set(":event-type", eventstream.StringValue(e.kind))
		}
		require.NoError(t, encoder.Encode(&stream, message))
	}
	return stream.String()
}

func message(role string, content ...string) chat.Message {
	m := chat.Message{Role: role}
	for _, text := range content {
		m.Content = append(m.Content, chat.Part{Text: text})
	}
	return m
}

var hello = chat.Conversation{Model: testModel, Messages: []chat.Message{message(chat.RoleUser, "Hello")}, MaxTokens: 1}
