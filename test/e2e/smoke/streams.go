package smoke

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
)

// streams checks that the API streams through CloudFront, and that the REST API accepts a
// request only with an origin key too. A stack without streaming has no checks.
func streams(e *env.Environment, key string) []check.Check {
	if e.StreamURL() == "" {
		return nil
	}
	wrong := strings.Repeat("0", len(key))
	prefix, header := e.Outputs["apiPrefix"], http.CanonicalHeaderKey(e.Outputs["originHeaderName"])
	viewer := chatstream.Target{URL: e.DistributionURL() + prefix, Header: e.Authorization()}
	direct := chatstream.Target{URL: e.StreamURL() + prefix, Host: e.StreamHost(), Header: e.Authorization()}
	with := func(to chatstream.Target, value string) chatstream.Target { return to.With(header, value) }
	return []check.Check{
		stream("a stream through CloudFront", viewer),
		stream("a stream, viewer sends a wrong key", with(viewer, wrong)),
		rejected("a stream direct, no key", direct, http.StatusUnauthorized),
		rejected("a stream direct, wrong key", with(direct, wrong), http.StatusForbidden),
		stream("a stream direct, right key", with(direct, key)),
	}
}

// streamed is a request that the model answers with more than one token.
var streamed = chatstream.Request{Model: streamModel, Message: "Hello there, you", Stream: true}

// streamModel is the first model of the local stack.
const streamModel = "amazon.nova-micro-v1:0"

// stream checks that an answer is streamed, and whole.
func stream(name string, to chatstream.Target) check.Check {
	return check.Check{Name: name, Want: "200, all tokens", Run: func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, httpcheck.Timeout)
		defer cancel()
		got, err := to.WholeStream(ctx, streamed)
		if err != nil {
			return "", err
		}
		if len(got.Tokens) < 2 {
			return "", fmt.Errorf("the answer %q has come as a whole", got.Message.Content)
		}
		return fmt.Sprintf("200, %d tokens: %s", len(got.Tokens), got.Message.Content), nil
	}}
}

// rejected checks that a stream is rejected before it begins.
func rejected(name string, to chatstream.Target, status int) check.Check {
	return check.Check{Name: name, Want: fmt.Sprint(status), Run: func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, httpcheck.Timeout)
		defer cancel()
		got, err := to.Send(ctx, streamed)
		if err != nil {
			return "", err
		}
		defer got.Close()
		if got.Status != status {
			content, err := got.Content()
			return "", errors.Join(fmt.Errorf("%d %.200q", got.Status, content), err)
		}
		return "", nil
	}}
}
