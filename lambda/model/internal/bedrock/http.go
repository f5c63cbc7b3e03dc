package bedrock

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

// NewHTTPClient returns a client for Bedrock that sends requests by next. It hides that a
// body has the method WriteTo: that of the SDK's bodies returns [io.EOF] once the SDK has
// closed them, which it does as soon as there is a response. If net/http, which looks for
// bytes beyond the length of the body, is later than that, it takes this for a failed
// write, and closes the connection, on which the stream is still being read. The method is
// there since https://github.com/aws/smithy-go/pull/218 (transport/http/internal/io/safe.go);
// net/http copies by it in transferWriter.doBodyCopy, over HTTP/1.1 only.
func NewHTTPClient(next bedrockruntime.HTTPClient) bedrockruntime.HTTPClient {
	return plainBodies{next}
}

type plainBodies struct{ next bedrockruntime.HTTPClient }

// Do implements [bedrockruntime.HTTPClient].
func (p plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context()) // a copy
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.next.Do(r)
}
