package dynamo

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
)

// Defaults of [Config]. The attempts and the longest backoffs take 1.4 seconds.
const (
	DefaultAttemptTimeout = 400 * time.Millisecond
	DefaultMaxAttempts    = 3
	DefaultMaxBackoff     = 100 * time.Millisecond
)

// maxResponse is more than a page of a query, which is 1 MiB in DynamoDB's own encoding.
const maxResponse = 8 << 20

// Config describes a table and how it is called.
type Config struct {
	Endpoint string // URL; empty for that of the region
	Region   string
	Table    string

	// Credentials returns the credentials for an attempt: Retrieve of an
	// [aws.CredentialsProvider], for instance.
	Credentials func(context.Context) (aws.Credentials, error)

	// HTTP sends the requests; nil for a client of the defaults.
	HTTP *http.Client

	// Zero for the defaults, which are for single items within a request. For transactions,
	// AWS recommends attempts of a second or more, and one at least 5 seconds after the
	// first: it completes a transaction whose reply was lost.
	AttemptTimeout time.Duration
	MaxAttempts    int
	MaxBackoff     time.Duration
}

// Client calls a table whose primary key has the names [PartitionKey] and [SortKey]. It is
// safe for concurrent use.
//
// It doesn't verify the checksum that DynamoDB sends with a response: TLS protects the
// response on its way, and JSON that is cut off can't be read.
type Client struct {
	api   *awsjson.Client
	table string
}

// New returns the Client of a table.
func New(config Config) *Client {
	return &Client{table: config.Table, api: awsjson.New(awsjson.Config{
		Endpoint:       cmp.Or(config.Endpoint, awsjson.RegionalEndpoint(service, config.Region)),
		Region:         config.Region,
		Service:        service,
		Target:         "DynamoDB_20120810",
		Version:        "1.0",
		Credentials:    config.Credentials,
		HTTP:           config.HTTP,
		AttemptTimeout: cmp.Or(config.AttemptTimeout, DefaultAttemptTimeout),
		MaxAttempts:    cmp.Or(config.MaxAttempts, DefaultMaxAttempts),
		MaxBackoff:     cmp.Or(config.MaxBackoff, DefaultMaxBackoff),
		MaxResponse:    maxResponse,
	})}
}

const service = "dynamodb"

// FromEnvironment returns the Client of a table with the region, endpoint and credentials
// of a Lambda function's environment.
func FromEnvironment(getenv func(string) string, table string) *Client {
	region := getenv("AWS_REGION")
	return New(Config{
		Endpoint:    awsjson.Endpoint(getenv, service, region),
		Region:      region,
		Table:       table,
		Credentials: awsjson.EnvironmentCredentials(getenv),
	})
}

// call performs a call with a response of the type Out. Errors name the table.
func call[Out any](ctx context.Context, c *Client, operation string, in input, retry func(error) bool) (Out, error) {
	var out Out
	err := c.api.Do(ctx, awsjson.Call{
		Operation: operation,
		Input:     in,
		Retry:     retry,
		ReadError: func(apiError *smithy.GenericAPIError, content []byte) error { return readError(apiError, content, in) },
		Read: func(content []byte) error {
			var read Out
			if json.Unmarshal(content, &read) != nil {
				// The decoder's error might quote an item.
				return errors.New("the response is no JSON of this operation's result")
			}
			out = read
			return nil
		},
	})
	if err != nil {
		return out, fmt.Errorf("table %s: %w", c.table, err)
	}
	return out, nil
}

type itemOutput struct{ Item Item }

// GetItem returns the item with a key, or nil if there is none. It sees every write that
// was applied before.
func (c *Client) GetItem(ctx context.Context, key Item) (Item, error) {
	out, err := call[itemOutput](ctx, c, "GetItem", getInput{c.table, key, true}, isTransient)
	return out.Item, err
}

type updateOutput struct{ Attributes Item }

// UpdateItem updates an item, or creates it if there is none, and returns the new item if
// the update asks for it. The error is a [*ConditionFailed] if the item fails the
// condition. After any error that is no [smithy.APIError] of the client's fault, the update
// may have been applied, or be applied yet.
func (c *Client) UpdateItem(ctx context.Context, u Update) (Item, error) {
	retry := isTransient
	if u.Once {
		retry = isRejected
	}
	out, err := call[updateOutput](ctx, c, "UpdateItem", c.updateInput(u), retry)
	return out.Attributes, err
}

// TransactWrite applies all writes, or none. The error is a [*TransactionCanceled] if the
// service names a reason for each. A repeated attempt is never applied twice.
func (c *Client) TransactWrite(ctx context.Context, writes []Write) error {
	input := transactInput{ClientRequestToken: rand.Text()}
	for _, w := range writes {
		input.TransactItems = append(input.TransactItems, c.writeInput(w))
	}
	_, err := call[struct{}](ctx, c, "TransactWriteItems", input, isTransientTransaction)
	return err
}

type tableOutput struct{ Table struct{ TableStatus string } }

// Describe returns an error unless the table exists and can be used.
func (c *Client) Describe(ctx context.Context) error {
	out, err := call[tableOutput](ctx, c, "DescribeTable", tableInput{c.table}, isTransient)
	if err != nil {
		return err
	}
	switch out.Table.TableStatus {
	case "ACTIVE", "UPDATING":
		return nil
	}
	return fmt.Errorf("table %s is %q: want it ACTIVE", c.table, out.Table.TableStatus)
}
