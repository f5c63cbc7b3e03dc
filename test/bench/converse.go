package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// converse calls Bedrock's ConverseStream. Bedrock's client would take its SDK, of which a
// measurement needs next to nothing.
type converse struct {
	endpoint, model string
	client          *http.Client
}

// stream sends a message, and returns when each token arrived.
func (c converse) stream(ctx context.Context, message string) ([]time.Duration, error) {
	body, err := json.Marshal(map[string]any{"messages": []any{map[string]any{"role": "user", "content": []any{map[string]string{"text": message}}}}})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/model/"+url.PathEscape(c.model)+"/converse-stream", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	began := time.Now()
	config := awsclient.Config(c.endpoint)
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "bedrock", config.Region, began); err != nil {
		return nil, err
	}
	got, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		content, err := io.ReadAll(io.LimitReader(got.Body, 1<<10))
		return nil, errors.Join(fmt.Errorf("%s %s", got.Status, content), err)
	}
	return deltas(got.Body, func() time.Duration { return time.Since(began) })
}

// Events of the stream have their type in a header in clear.
var (
	deltaEvent = []byte("contentBlockDelta")
	lastEvent  = []byte("metadata")
)

// deltas returns when each delta of a stream arrived. A stream without its last event is an
// error.
func deltas(stream io.Reader, since func() time.Duration) (times []time.Duration, err error) {
	var rest []byte
	piece, last := make([]byte, 64<<10), false
	for {
		n, err := stream.Read(piece)
		at := since()
		rest = append(rest, piece[:n]...)
		last = last || bytes.Contains(rest, lastEvent)
		for {
			_, after, found := bytes.Cut(rest, deltaEvent)
			if !found {
				break
			}
			times, rest = append(times, at), after
		}
		switch {
		case errors.Is(err, io.EOF) && last:
			return times, nil
		case errors.Is(err, io.EOF):
			return times, errors.New("the stream of Bedrock is cut")
		case err != nil:
			return times, err
		}
	}
}
