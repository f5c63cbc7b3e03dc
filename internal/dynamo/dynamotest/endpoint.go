package dynamotest

import (
	"context"
	"crypto/rand"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// EndpointVariable names the environment variable with the URL of a DynamoDB on which
// tests run too: an emulator, which accepts every credential.
const EndpointVariable = "GATEHOUSE_DYNAMODB_ENDPOINT"

// region is that of the requests to the endpoint.
const region = "us-east-1"

// API has the methods that [Table] shares with [dynamo.Client].
type API interface {
	GetItem(ctx context.Context, key dynamo.Item) (dynamo.Item, error)
	UpdateItem(ctx context.Context, update dynamo.Update) (dynamo.Item, error)
	Query(ctx context.Context, query dynamo.Query) ([]dynamo.Item, error)
	Scan(ctx context.Context, prefix string) ([]dynamo.Item, error)
	TransactWrite(ctx context.Context, writes []dynamo.Write) error
	Describe(ctx context.Context) error
}

var (
	_ API = (*dynamo.Client)(nil)
	_ API = (*Table)(nil)
)

// OnEach runs a test on a table in memory, and on a new one at the endpoint that
// [EndpointVariable] names, if it does. The latter is deleted afterwards.
func OnEach(t *testing.T, test func(t *testing.T, table API)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, New()) })
	if endpoint := os.Getenv(EndpointVariable); endpoint != "" {
		t.Run("endpoint", func(t *testing.T) { test(t, newAtEndpoint(t, endpoint)) })
	}
}

func newAtEndpoint(t *testing.T, endpoint string) *dynamo.Client {
	t.Helper()
	name := "gatehouse-dynamotest-" + rand.Text()
	admin := awsjson.New(awsjson.Config{
		Endpoint: endpoint, Region: region, Service: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0",
		Credentials: credentials, AttemptTimeout: 10 * time.Second, MaxAttempts: 1, MaxResponse: 1 << 20,
	})
	mustCall(t.Context(), t, admin, "CreateTable", schema(name))
	t.Cleanup(func() {
		mustCall(context.Background(), t, admin, "DeleteTable", map[string]string{"TableName": name})
	})
	table := dynamo.New(dynamo.Config{
		Endpoint: endpoint, Region: region, Table: name, Credentials: credentials, AttemptTimeout: 10 * time.Second,
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := table.Describe(t.Context())
		if err == nil {
			return table
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
}

func mustCall(ctx context.Context, t *testing.T, admin *awsjson.Client, operation string, input any) {
	t.Helper()
	err := admin.Do(ctx, awsjson.Call{Operation: operation, Input: input, Read: func([]byte) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
}

// schema returns the request for a table with the primary key of Gatehouse's.
func schema(name string) any {
	type attribute map[string]string
	return map[string]any{
		"TableName":   name,
		"BillingMode": "PAY_PER_REQUEST",
		"KeySchema": []attribute{
			{"AttributeName": dynamo.PartitionKey, "KeyType": "HASH"},
			{"AttributeName": dynamo.SortKey, "KeyType": "RANGE"},
		},
		"AttributeDefinitions": []attribute{
			{"AttributeName": dynamo.PartitionKey, "AttributeType": "S"},
			{"AttributeName": dynamo.SortKey, "AttributeType": "S"},
		},
	}
}
