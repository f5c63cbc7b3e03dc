package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
)

// Timeout is that of a request that isn't streamed.
const Timeout = 20 * time.Second

// chatModel is the model that chat completions are requested of.
const chatModel = "amazon.nova-micro-v1:0"

const (
	modelBody = `{"messages":[{"role":"user","content":"Hello"}]}`
	chatBody  = `{"model":"` + chatModel + `","messages":[{"role":"user","content":"Hello"}]}`
)

// Target is the address of the models behind a distribution or an API.
type Target struct {
	URL  string
	Host string // the Host header; empty for that of the URL

	HeaderName, HeaderValue string // a header to send; none without a name
	Credential              http.Header

	Chat bool // the URL is that of chat completions, which the REST API has
}

// Sample is one request and its outcome.
type Sample struct {
	At     time.Time
	Took   time.Duration
	Status int    // 0 without a response
	Edge   string // that responded, as CloudFront names it
	Err    error  // nil if the model answered
}

// Send sends one request, which the model must answer.
func (to Target) Send(ctx context.Context, client *http.Client) Sample {
	s := Sample{At: time.Now()}
	s.Status, s.Edge, s.Err = to.post(ctx, client)
	s.Took = time.Since(s.At)
	return s
}

// Check sends one request and returns an error unless the model answers.
func (to Target) Check(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{}, Timeout: Timeout}
	defer client.CloseIdleConnections()
	if s := to.Send(ctx, client); s.Err != nil {
		return fmt.Errorf("status %d: %w", s.Status, s.Err)
	}
	return nil
}

func (to Target) post(ctx context.Context, client *http.Client) (status int, edge string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, strings.NewReader(to.body()))
	if err != nil {
		return 0, "", err
	}
	request.Host = to.Host
	maps.Copy(request.Header, to.Credential)
	request.Header.Set("Content-Type", "application/json")
	if to.HeaderName != "" {
		request.Header.Set(to.HeaderName, to.HeaderValue)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	edge = response.Header.Get("X-Amz-Cf-Pop")
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return response.StatusCode, edge, fmt.Errorf("read the response: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, edge, errors.New(short(string(content)))
	}
	if !to.isAnswer(content) {
		return response.StatusCode, edge, fmt.Errorf("not the model's response: %s", short(string(content)))
	}
	return response.StatusCode, edge, nil
}

func (to Target) body() string {
	if to.Chat {
		return chatBody
	}
	return modelBody
}

// isAnswer reports whether a body is the model's response.
func (to Target) isAnswer(body []byte) bool {
	if to.Chat {
		message, _, err := chatstream.Completion(body)
		return err == nil && message.Content != ""
	}
	var completion struct{ Text string }
	return json.Unmarshal(body, &completion) == nil && completion.Text != ""
}

// short returns a string on one line, cut to what a log line can show.
func short(content string) string {
	const most = 200
	runes := []rune(strings.Join(strings.Fields(content), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}
