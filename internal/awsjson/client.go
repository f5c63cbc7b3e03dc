// Package awsjson calls AWS services by the protocols AWS JSON 1.0 and 1.1: it signs
// requests, retries transient errors and reads responses. The SDK's package for a service
// prepares all of its operations whenever a process starts, which takes a function that
// needs few of them longer than all the rest of the start.
package awsjson

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// Config describes a service and how it is called.
type Config struct {
	Endpoint string // URL
	Region   string
	Service  string // its name in signatures, such as "dynamodb"
	Target   string // the prefix of its operations, such as "DynamoDB_20120810"
	Version  string // of the protocol: "1.0" or "1.1"

	// Credentials returns the credentials for an attempt.
	Credentials func(context.Context) (aws.Credentials, error)

	// HTTP sends the requests; nil for a client of the defaults. Redirects are never
	// followed: a request is signed for one address.
	HTTP *http.Client

	AttemptTimeout time.Duration // of one attempt, with its response
	MaxAttempts    int           // of one call
	MaxBackoff     time.Duration // the most to wait before a retry; the time is random

	// MaxResponse is the largest size of a response in bytes.
	MaxResponse int64
}

// Client calls a service. It is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
	signer *v4.Signer
}

// New returns the Client of a service.
func New(config Config) *Client {
	client := &http.Client{}
	if config.HTTP != nil {
		copied := *config.HTTP
		client = &copied
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	config.Endpoint = strings.TrimSuffix(config.Endpoint, "/") + "/"
	return &Client{config: config, http: client, signer: v4.NewSigner()}
}

// Call is a call of an operation.
type Call struct {
	Operation string
	Input     any // encoded as JSON

	// Read reads the content of a successful response.
	Read func(content []byte) error

	// ReadError, if set, returns the error of a response to use instead of apiError, which
	// it may change.
	ReadError func(apiError *smithy.GenericAPIError, content []byte) error

	// Retry reports whether to repeat an attempt with this error; nil for [IsTransient].
	Retry func(error) bool
}

// Do performs a call. It retries errors, with a backoff that differs from one client to
// the next, until the context or the number of attempts ends. If the service returned an
// error, that of the call wraps a [smithy.APIError], or ReadError's.
func (c *Client) Do(ctx context.Context, call Call) error {
	body, err := json.Marshal(call.Input)
	if err != nil {
		return err
	}
	retry := call.Retry
	if retry == nil {
		retry = IsTransient
	}
	for attempt := 1; ; attempt++ {
		err := c.attempt(ctx, call, body)
		if err == nil || attempt >= c.config.MaxAttempts || !retry(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(rand.N(max(1, c.config.MaxBackoff))):
		}
	}
}

func (c *Client) attempt(ctx context.Context, call Call, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.AttemptTimeout)
	defer cancel()
	req, err := c.request(ctx, call.Operation, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return c.read(resp, call)
}
