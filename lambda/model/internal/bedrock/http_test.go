package bedrock

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// late is a client that looks for more of a body after it was sent and closed, as net/http
// may.
type late struct {
	sent string
	err  error
}

func (l *late) Do(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(io.LimitReader(r.Body, r.ContentLength))
	if err != nil {
		return nil, err
	}
	l.sent = string(sent)
	_ = r.Body.Close()
	_, l.err = io.Copy(io.Discard, r.Body)
	return nil, errors.New("no response")
}

func TestBodyThatIsClosedEnds(t *testing.T) {
	client := &late{}
	provider := &Provider{API: bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:9"), Credentials: credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
		HTTPClient: NewHTTPClient(client), Retryer: aws.NopRetryer{},
	})}
	_, err := provider.Stream(t.Context(), hello, func(chat.Delta) error { return nil })
	require.Error(t, err)
	assert.Contains(t, client.sent, `"messages"`)
	require.NoError(t, client.err)
}
