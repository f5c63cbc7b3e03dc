package distribution

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// capture stores the body of a successful response, which the SDK then reads as well. After
// retries it is that of the last attempt.
func capture(body *[]byte) func(*cloudfront.Options) {
	read := func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if err != nil {
			return out, metadata, err
		}
		response, ok := out.RawResponse.(*smithyhttp.Response)
		if !ok {
			return out, metadata, fmt.Errorf("a response of type %T is not of HTTP", out.RawResponse)
		}
		whole, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return out, metadata, fmt.Errorf("read the response: %w", err)
		}
		*body = whole
		response.Body = io.NopCloser(bytes.NewReader(whole))
		return out, metadata, nil
	}
	return cloudfront.WithAPIOptions(func(stack *middleware.Stack) error {
		// After the SDK's own deserializer, so before it when the response comes back.
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("GatehouseCapture", read), middleware.After)
	})
}

// send replaces the body of a request, which the SDK wrote.
func send(body []byte) func(*cloudfront.Options) {
	replace := func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
		request, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("a request of type %T is not of HTTP", in.Request)
		}
		request, err := request.SetStream(bytes.NewReader(body))
		if err != nil {
			return middleware.SerializeOutput{}, middleware.Metadata{}, err
		}
		in.Request = request
		return next.HandleSerialize(ctx, in)
	}
	return cloudfront.WithAPIOptions(func(stack *middleware.Stack) error {
		// After the SDK's own serializer, and before length and signature are computed.
		return stack.Serialize.Add(middleware.SerializeMiddlewareFunc("GatehouseSend", replace), middleware.After)
	})
}
