package dynamotest_test

import (
	"context"
	"crypto/rand"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

// endpointVariable names the environment variable with the URL of a DynamoDB, on which
// the tests run too. They make a table there and delete it afterwards. Credentials and
// region are those of an emulator.
const endpointVariable = "GATEHOUSE_DYNAMODB_ENDPOINT"

// api has the methods that the table in memory shares with the client.
type api interface {
	GetItem(context.Context, dynamo.Item) (dynamo.Item, error)
	UpdateItem(context.Context, dynamo.Update) (dynamo.Item, error)
	Query(context.Context, dynamo.Query) ([]dynamo.Item, error)
	Scan(context.Context, string) ([]dynamo.Item, error)
	TransactWrite(context.Context, []dynamo.Write) error
	Describe(context.Context) error
}

var (
	_ api = (*dynamo.Client)(nil)
	_ api = (*dynamotest.Table)(nil)
)

// onEachTable runs a test on a table in memory, and on one at the endpoint, if there is
// one.
func onEachTable(t *testing.T, test func(t *testing.T, table api)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, dynamotest.New()) })
	endpoint := os.Getenv(endpointVariable)
	if endpoint == "" {
		return
	}
	t.Run("endpoint", func(t *testing.T) { test(t, newTable(t, endpoint)) })
}

const region = "us-east-1"

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
}

// newTable makes a table, which is deleted at the end of the test.
func newTable(t *testing.T, endpoint string) *dynamo.Client {
	t.Helper()
	admin := awsjson.New(awsjson.Config{
		Endpoint: endpoint, Region: region, Service: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0",
		Credentials: credentials, AttemptTimeout: 10 * time.Second, MaxAttempts: 3, MaxBackoff: time.Second, MaxResponse: 1 << 20,
	})
	call := func(ctx context.Context, operation string, input map[string]any) {
		require.NoError(t, admin.Do(ctx, awsjson.Call{Operation: operation, Input: input, Read: func([]byte) error { return nil }}))
	}
	name := "gatehouse-dynamotest-" + rand.Text()
	type attribute map[string]string
	call(t.Context(), "CreateTable", map[string]any{
		"TableName": name, "BillingMode": "PAY_PER_REQUEST",
		"KeySchema":            []attribute{{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}},
		"AttributeDefinitions": []attribute{{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}},
	})
	t.Cleanup(func() {
		call(context.Background(), "DeleteTable", map[string]any{"TableName": name})
	})
	table := dynamo.New(dynamo.Config{
		Endpoint: endpoint, Region: region, Table: name, Credentials: credentials, AttemptTimeout: 10 * time.Second,
	})
	require.Eventually(t, func() bool { return table.Describe(t.Context()) == nil }, time.Minute, 50*time.Millisecond)
	return table
}
