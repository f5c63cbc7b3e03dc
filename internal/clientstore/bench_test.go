package clientstore_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// constant responds to each request with the same body, without a network.
type constant string

func (c constant) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(c))), Request: req}, nil
}

// The time of a reservation within the function: expressions, signature, JSON.
func BenchmarkReserve(b *testing.B) {
	item := client.NewItem(name, policy())
	reply, err := json.Marshal(map[string]dynamo.Item{"Attributes": item})
	require.NoError(b, err)
	known, err := client.ParseItem(item)
	require.NoError(b, err)
	store := clientstore.Store{Table: dynamo.New(dynamo.Config{
		Region: "eu-central-1", Table: "clients", HTTP: &http.Client{Transport: constant(reply)},
		Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret", SessionToken: "token"}, nil
		},
	})}
	b.ReportAllocs()
	for b.Loop() {
		reservation, _ := budget.Decide(known, ask(300, "a"))
		if _, err := store.Reserve(context.Background(), reservation); err != nil {
			b.Fatal(err)
		}
	}
}
