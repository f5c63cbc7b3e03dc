package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
)

// BenchmarkAdmission measures a request of a client beside one with open access: what
// admission itself takes, and that with the signatures and the JSON of its three calls.
func BenchmarkAdmission(b *testing.B) {
	for _, test := range []struct {
		name  string
		table clientstore.Table
	}{
		{"open", nil},
		{"client", newFixedTable()},
		{"client, with calls of DynamoDB", dynamo.New(dynamo.Config{
			Region: "eu-west-1", Table: "clients", HTTP: &http.Client{Transport: newFixedService(b)},
			Credentials: func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret", SessionToken: "token"}, nil
			},
		})},
	} {
		b.Run(test.name, func(b *testing.B) {
			s := newSetup()
			if test.table != nil {
				s = newClientSetup(b, acme(), func(c *admission.Config) {
					store := clientstore.Store{Table: test.table}
					c.Store, c.Settler = store, store
				}).setup
			}
			s.Log, s.Metrics = slog.New(slog.NewJSONHandler(io.Discard, nil)), io.Discard
			payload, err := json.Marshal(keyed(keyOf(1), post(hello)))
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				s.fake.calls = s.fake.calls[:0]
				text, err := s.Invoke(b.Context(), payload)
				if err != nil || !bytes.HasPrefix(text, []byte(`{"statusCode":200`)) {
					b.Fatal(err, string(text))
				}
			}
		})
	}
}

// fixedService returns the responses of DynamoDB with the items of a [fixedTable].
type fixedService struct{ key, client, updated []byte }

func newFixedService(b *testing.B) fixedService {
	b.Helper()
	table := newFixedTable()
	encode := func(member string, item dynamo.Item) []byte {
		text, err := json.Marshal(map[string]dynamo.Item{member: item})
		require.NoError(b, err)
		return text
	}
	return fixedService{encode("Item", table.key), encode("Item", table.client), encode("Attributes", table.client)}
}

func (f fixedService) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	content := f.client
	switch {
	case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".UpdateItem"):
		content = f.updated
	case bytes.Contains(body, []byte("K#")):
		content = f.key
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(bytes.NewReader(content)), Request: r,
	}, nil
}
