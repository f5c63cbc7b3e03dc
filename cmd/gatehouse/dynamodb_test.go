package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

// errReplyLost stands for a failure of the service after a write.
var errReplyLost = errors.New("reply lost")

// tableServer serves a table in memory as DynamoDB's endpoint does.
type tableServer struct {
	name  string
	table *dynamotest.Table
}

// writeRequest is the request for a write of one item, of any kind.
type writeRequest struct {
	TableName                 string
	Key, Item                 dynamo.Item
	UpdateExpression          string
	ConditionExpression       string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues dynamo.Item
}

func (w writeRequest) update() dynamo.Update {
	return dynamo.Update{
		Key: w.Key, Update: w.UpdateExpression, Condition: w.ConditionExpression,
		Names: w.ExpressionAttributeNames, Values: w.ExpressionAttributeValues,
	}
}

// request is a request of any operation that the operator's commands use.
type request struct {
	writeRequest
	KeyConditionExpression string
	FilterExpression       string
	TransactItems          []struct {
		Put, Update, Delete *writeRequest
	}
}

func (s *tableServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in request
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		s.fail(w, "SerializationException", map[string]any{"message": err.Error()})
		return
	}
	if !s.has(in) {
		s.fail(w, "ResourceNotFoundException", map[string]any{"message": "Requested resource not found"})
		return
	}
	out, err := s.do(r.Context(), operation, in)
	var failed *dynamo.ConditionFailed
	var canceled *dynamo.TransactionCanceled
	switch {
	case errors.As(err, &failed):
		s.fail(w, "ConditionalCheckFailedException", map[string]any{"message": "The conditional request failed"})
	case errors.As(err, &canceled):
		s.fail(w, "TransactionCanceledException", map[string]any{"message": "canceled", "CancellationReasons": canceled.Reasons})
	case errors.Is(err, errReplyLost):
		w.WriteHeader(http.StatusInternalServerError)
	case err != nil:
		s.fail(w, "ValidationException", map[string]any{"message": err.Error()})
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_ = json.NewEncoder(w).Encode(out)
	}
}

// has reports whether a request is about the table.
func (s *tableServer) has(in request) bool {
	names := []string{in.TableName}
	for _, item := range in.TransactItems {
		names = names[:0]
		for _, write := range []*writeRequest{item.Put, item.Update, item.Delete} {
			if write != nil {
				names = append(names, write.TableName)
			}
		}
	}
	return len(names) == 1 && names[0] == s.name
}

func (s *tableServer) do(ctx context.Context, operation string, in request) (any, error) {
	switch operation {
	case dynamotest.GetItem:
		item, err := s.table.GetItem(ctx, in.Key)
		return map[string]any{"Item": item}, err
	case dynamotest.UpdateItem:
		_, err := s.table.UpdateItem(ctx, in.update())
		return struct{}{}, err
	case dynamotest.ScanItems:
		if in.FilterExpression != "begins_with(#pk, :prefix)" {
			return nil, fmt.Errorf("unknown filter %q", in.FilterExpression)
		}
		items, err := s.table.Scan(ctx, in.ExpressionAttributeValues[":prefix"].Text())
		return map[string]any{"Items": items}, err
	case dynamotest.QueryItems:
		if in.KeyConditionExpression != "#pk = :pk AND #sk BETWEEN :from AND :to" {
			return nil, fmt.Errorf("unknown key condition %q", in.KeyConditionExpression)
		}
		values := in.ExpressionAttributeValues
		items, err := s.table.Query(ctx, dynamo.Query{Partition: values[":pk"].Text(), From: values[":from"].Text(), To: values[":to"].Text()})
		return map[string]any{"Items": items}, err
	case dynamotest.TransactWrite:
		return struct{}{}, s.table.TransactWrite(ctx, in.writes())
	}
	return nil, fmt.Errorf("unknown operation %q", operation)
}

func (in request) writes() (all []dynamo.Write) {
	for _, item := range in.TransactItems {
		switch {
		case item.Put != nil:
			p := item.Put
			all = append(all, dynamo.Write{Put: &dynamo.Put{Item: p.Item, Condition: p.ConditionExpression, Names: p.ExpressionAttributeNames, Values: p.ExpressionAttributeValues}})
		case item.Update != nil:
			all = append(all, dynamo.Write{Update: new(item.Update.update())})
		case item.Delete != nil:
			d := item.Delete
			all = append(all, dynamo.Write{Delete: &dynamo.Delete{Key: d.Key, Condition: d.ConditionExpression, Names: d.ExpressionAttributeNames, Values: d.ExpressionAttributeValues}})
		}
	}
	return all
}

func (s *tableServer) fail(w http.ResponseWriter, code string, body map[string]any) {
	body["__type"] = "com.amazonaws.dynamodb.v20120810#" + code
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(body)
}
