package dynamo_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// canary is a value of items that no error may have.
const canary = "canary-4f8d1c"

var key = dynamo.Item{dynamo.PartitionKey: dynamo.String("K#" + canary), dynamo.SortKey: dynamo.String("K")}

// reply is a response of the server.
type reply struct {
	status int
	body   string
}

func ok(body string) reply { return reply{http.StatusOK, body} }

func refused(code, more string) reply {
	return reply{http.StatusBadRequest, `{"__type": "com.amazonaws.dynamodb.v20120810#` + code + `"` + more + `}`}
}

// server responds to each request in turn, and to all others as to the last.
type server struct {
	mu       sync.Mutex
	requests []string // their bodies
	replies  []reply
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests = append(s.requests, r.Header.Get("X-Amz-Target")+" "+string(body))
	next := s.replies[min(len(s.requests), len(s.replies))-1]
	s.mu.Unlock()
	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
}

// serve returns a client of the environment that Lambda gives a function, and its server.
func serve(t *testing.T, replies ...reply) (*dynamo.Client, *server) {
	t.Helper()
	s := &server{replies: replies}
	listener := httptest.NewServer(s)
	t.Cleanup(listener.Close)
	environment := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_ENDPOINT_URL": "http://invalid.invalid", "AWS_ENDPOINT_URL_DYNAMODB": listener.URL,
	}
	return dynamo.FromEnvironment(func(name string) string { return environment[name] }, "clients"), s
}

func update() dynamo.Update {
	return dynamo.Update{
		Key: key, Update: "SET #n = :n", Condition: "attribute_exists(#n)", Names: map[string]string{"#n": "n"},
		Values: dynamo.Item{":n": dynamo.String(canary)}, ReturnNew: true, ReturnOld: true,
	}
}

func TestUpdateItemIsTheAPIs(t *testing.T) {
	client, server := serve(t, ok(`{"Attributes": {"n": {"S": "new"}}}`))
	item, err := client.UpdateItem(t.Context(), update())
	require.NoError(t, err)
	assert.Equal(t, dynamo.Item{"n": dynamo.String("new")}, item)
	require.Len(t, server.requests, 1)
	body, found := bytes.CutPrefix([]byte(server.requests[0]), []byte("DynamoDB_20120810.UpdateItem "))
	require.True(t, found)
	assert.JSONEq(t, `{
		"TableName": "clients", "Key": {"pk": {"S": "K#`+canary+`"}, "sk": {"S": "K"}},
		"UpdateExpression": "SET #n = :n", "ConditionExpression": "attribute_exists(#n)",
		"ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {":n": {"S": "`+canary+`"}},
		"ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"
	}`, string(body))
}

func TestAFailedConditionHasTheItem(t *testing.T) {
	for body, want := range map[string]dynamo.Item{
		`, "Item": {"n": {"S": "` + canary + `"}}, "message": "The conditional request failed"`: {"n": dynamo.String(canary)},
		``: nil,
	} {
		client, server := serve(t, refused("ConditionalCheckFailedException", body))
		_, err := client.UpdateItem(t.Context(), update())
		var failed *dynamo.ConditionFailed
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, want, failed.Item)
		assert.Len(t, server.requests, 1)
		printsNothing(t, err)
		printsNothing(t, failed)
	}
}

func printsNothing(t *testing.T, err error) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, fmt.Sprintf(verb, err), canary, verb)
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Error("error", "error", err)
	slog.New(slog.NewTextHandler(&out, nil)).Error("error", "error", err)
	assert.NotContains(t, out.String(), canary)
}

func TestErrorsQuoteNoValues(t *testing.T) {
	for _, response := range []reply{
		refused("ValidationException", `, "message": "the value `+canary+` can't be converted; key: {K#`+canary+`}"`),
		ok(`{"Attributes": {"n": {"S": 1, "x": "` + canary + `"}}}`),
		ok(`{"Attributes": "` + canary),
		refused("ConditionalCheckFailedException", `, "Item": "`+canary+`"`),
	} {
		client, _ := serve(t, response)
		_, err := client.UpdateItem(t.Context(), update())
		require.ErrorContains(t, err, "table clients: UpdateItem: ")
		printsNothing(t, err)

		item := dynamo.Item{"m": dynamo.Map(dynamo.Item{"ss": dynamo.StringSet([]string{canary})})}
		maps.Copy(item, key)
		writes := []dynamo.Write{{Put: &dynamo.Put{Item: item}}}
		err = client.TransactWrite(t.Context(), writes)
		if response.status != http.StatusOK {
			require.Error(t, err)
			printsNothing(t, err)
		}
	}
}

func TestWhatIsRetried(t *testing.T) {
	for _, c := range []struct {
		reply        reply
		attempts     int
		attemptsOnce int // of an update that must not be applied twice
	}{
		{refused("ProvisionedThroughputExceededException", ""), 3, 3},
		{refused("ThrottlingException", ""), 3, 3},
		{refused("RequestLimitExceeded", ""), 3, 3},
		{refused("TransactionConflictException", ""), 3, 3},
		{refused("TransactionInProgressException", ""), 3, 3},
		{reply{http.StatusInternalServerError, `{"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}`}, 3, 1},
		{reply{http.StatusServiceUnavailable, ``}, 3, 1},
		{ok(`{"Attributes":`), 3, 1},
		{refused("ValidationException", ""), 1, 1},
		{refused("ResourceNotFoundException", ""), 1, 1},
		{refused("AccessDeniedException", ""), 1, 1},
	} {
		client, server := serve(t, c.reply)
		_, err := client.UpdateItem(t.Context(), update())
		require.Error(t, err)
		assert.Len(t, server.requests, c.attempts, c.reply.body)

		client, server = serve(t, c.reply)
		once := update()
		once.Once = true
		_, err = client.UpdateItem(t.Context(), once)
		require.Error(t, err)
		assert.Len(t, server.requests, c.attemptsOnce, c.reply.body)
	}
}

func TestAnAttemptsTimeoutIsTheConfigs(t *testing.T) {
	release := make(chan struct{})
	listener := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(listener.Close)
	t.Cleanup(func() { close(release) })
	client := dynamo.New(dynamo.Config{
		Endpoint: listener.URL, Region: "eu-central-1", Table: "clients", AttemptTimeout: 20 * time.Millisecond,
		MaxAttempts: 2, MaxBackoff: time.Millisecond, Credentials: credentials,
	})
	began := time.Now()
	_, err := client.GetItem(t.Context(), key)
	require.ErrorContains(t, err, "deadline exceeded")
	assert.Less(t, time.Since(began), dynamo.DefaultAttemptTimeout)
	printsNothing(t, err)
}

func TestGetItemIsConsistent(t *testing.T) {
	client, server := serve(t, ok(`{}`), ok(`{"Item": {"n": {"N": "1"}}}`))
	item, err := client.GetItem(t.Context(), key)
	require.NoError(t, err)
	assert.Nil(t, item)
	item, err = client.GetItem(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, dynamo.Item{"n": dynamo.Number(1)}, item)
	assert.Contains(t, server.requests[0], `"ConsistentRead":true`)
}

func TestQueryAndScanReadAllPages(t *testing.T) {
	pages := []reply{
		ok(`{"Items": [{"n": {"N": "1"}}], "LastEvaluatedKey": {"pk": {"S": "a"}, "sk": {"S": "1"}}}`),
		ok(`{"Items": [], "LastEvaluatedKey": {"pk": {"S": "a"}, "sk": {"S": "2"}}}`),
		ok(`{"Items": [{"n": {"N": "3"}}]}`),
	}
	want := []dynamo.Item{{"n": dynamo.Number(1)}, {"n": dynamo.Number(3)}}
	client, server := serve(t, pages...)
	items, err := client.Query(t.Context(), dynamo.Query{Partition: "a", From: "1", To: "3"})
	require.NoError(t, err)
	assert.Equal(t, want, items)
	assert.NotContains(t, server.requests[0], "ExclusiveStartKey")
	assert.Contains(t, server.requests[2], `"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"S":"2"}}`)

	client, server = serve(t, pages...)
	items, err = client.Scan(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, want, items)
	assert.Contains(t, server.requests[2], "begins_with")
}

func TestTransactionsAreIdempotentAndRetried(t *testing.T) {
	conflict := refused("TransactionCanceledException", `, "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}]`)
	client, server := serve(t, conflict, reply{http.StatusInternalServerError, ``}, ok(`{}`), ok(`{}`))
	writes := []dynamo.Write{
		{Put: &dynamo.Put{Item: key}},
		{Delete: &dynamo.Delete{Key: key}},
		{Update: &dynamo.Update{Key: key, Update: "REMOVE #n", Names: map[string]string{"#n": "n"}, ReturnNew: true}},
		{Check: &dynamo.Check{Key: key, Condition: "attribute_exists(pk)", ReturnOld: true}},
	}
	require.NoError(t, client.TransactWrite(t.Context(), writes))
	require.Len(t, server.requests, 3)
	require.NoError(t, client.TransactWrite(t.Context(), writes))
	tokens := map[string]int{}
	for _, request := range server.requests {
		_, body, _ := bytes.Cut([]byte(request), []byte(" "))
		var read struct{ ClientRequestToken string }
		require.NoError(t, json.Unmarshal(body, &read))
		assert.LessOrEqual(t, len(read.ClientRequestToken), 36, "the API's limit")
		assert.NotContains(t, request, "ALL_NEW")
		tokens[read.ClientRequestToken]++
	}
	assert.Len(t, tokens, 2, "the same token for each attempt of a transaction")
}

func TestACanceledTransactionHasItsReasons(t *testing.T) {
	client, server := serve(t, refused("TransactionCanceledException",
		`, "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": {"n": {"S": "`+canary+`"}}, "Message": "no"}]`))
	err := client.TransactWrite(t.Context(), []dynamo.Write{{Put: &dynamo.Put{Item: key}}, {Delete: &dynamo.Delete{Key: key}}})
	var canceled *dynamo.TransactionCanceled
	require.ErrorAs(t, err, &canceled)
	require.ErrorContains(t, err, "None, ConditionalCheckFailed")
	assert.Equal(t, dynamo.Item{"n": dynamo.String(canary)}, canceled.Reasons[1].Item)
	assert.False(t, canceled.ConditionFailed(0))
	assert.True(t, canceled.ConditionFailed(1))
	assert.False(t, canceled.ConditionFailed(2))
	assert.Len(t, server.requests, 1)
	printsNothing(t, err)
	printsNothing(t, canceled)
}

func TestDescribeRequiresAnActiveTable(t *testing.T) {
	client, _ := serve(t,
		ok(`{"Table": {"TableStatus": "ACTIVE"}}`), ok(`{"Table": {"TableStatus": "CREATING"}}`), refused("ResourceNotFoundException", ""))
	require.NoError(t, client.Describe(t.Context()))
	require.ErrorContains(t, client.Describe(t.Context()), `table clients is "CREATING"`)
	err := client.Describe(t.Context())
	var apiError smithy.APIError
	require.ErrorAs(t, err, &apiError)
	assert.Equal(t, "ResourceNotFoundException", apiError.ErrorCode())
}
